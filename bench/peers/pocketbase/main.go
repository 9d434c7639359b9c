// Command pocketbase is PocketBase with a collection of tasks, for bench/compare to measure beside todod. It is a module
// of its own, so that what PocketBase needs is no dependency of todod.
//
//	pocketbase fill --dir DIR --users 1000 --tasks 1000 >tokens
//	pocketbase serve --dir DIR --http 127.0.0.1:8090
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	"github.com/spf13/cobra"
)

// main adds the command fill to PocketBase's own.
func main() {
	// Without the mode for development, which New chooses for a program in a temporary folder.
	app := pocketbase.NewWithConfig(pocketbase.Config{})
	// It would open a browser for its first administrator.
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.InstallerFunc = nil
		return e.Next()
	})
	app.RootCmd.AddCommand(fillCommand(app))
	if err := app.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "pocketbase:", err)
		os.Exit(1)
	}
}

// fillCommand returns the command that makes the collection, fills it, and prints a token of each user, a line each.
func fillCommand(app core.App) *cobra.Command {
	var users, tasks int
	command := &cobra.Command{
		Use: "fill", Short: "Make the collection of tasks, fill it and print a token of each user", SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			for _, step := range []func() error{
				func() error { return disableLogs(app) },
				func() error { return createTasks(app) },
				func() error { return insert(app, users, tasks) },
				func() error { return printTokens(app, users) },
			} {
				if err := step(); err != nil {
					return err
				}
			}
			return nil
		},
	}
	command.Flags().IntVar(&users, "users", 10, "users")
	command.Flags().IntVar(&tasks, "tasks", 10, "tasks of each")
	return command
}

// disableLogs switches off PocketBase's log of requests.
func disableLogs(app core.App) error {
	settings := app.Settings()
	settings.Logs.MaxDays = 0
	return app.Save(settings)
}

// createTasks makes the collection: a task as todod has it, with an index for the list, and rules that show it to its
// owner only.
func createTasks(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	tasks := core.NewBaseCollection("tasks")
	tasks.Fields.Add(
		&core.RelationField{Name: "owner", CollectionId: users.Id, CascadeDelete: true, MaxSelect: 1, Required: true},
		&core.TextField{Name: "title", Required: true, Max: 200},
		&core.TextField{Name: "description", Max: 1000},
		&core.BoolField{Name: "completed"},
		&core.SelectField{Name: "priority", Values: []string{"low", "medium", "high"}, MaxSelect: 1},
		&core.DateField{Name: "due_date"},
		&core.BoolField{Name: "due_all_day"},
		&core.DateField{Name: "completed_at"},
		&core.AutodateField{Name: "created", OnCreate: true},
		&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	tasks.AddIndex("tasks_newest", false, "owner, created, id", "")
	own := types.Pointer("owner = @request.auth.id")
	tasks.ListRule, tasks.ViewRule, tasks.UpdateRule, tasks.DeleteRule = own, own, own, own
	tasks.CreateRule = types.Pointer(`@request.auth.id != "" && owner = @request.auth.id`)
	return app.Save(tasks)
}

// insertUsers makes users that nobody signs in as.
const insertUsers = `
	with recursive n(u) as (values (1) union all select u + 1 from n where u < {:users})
	insert into users (id, email, password, tokenKey, verified, name, created, updated)
	select format('%015d', u), format('user-%d@example.com', u), '', lower(hex(randomblob(25))), true,
		format('User %d', u), strftime('%Y-%m-%d %H:%M:%fZ'), strftime('%Y-%m-%d %H:%M:%fZ')
	from n`

// insertTasks makes the tasks that bench/compare fills todod's databases with.
const insertTasks = `
	with recursive
		n(u) as (values (1) union all select u + 1 from n where u < {:users}),
		m(j) as (values (1) union all select j + 1 from m where j < {:tasks})
	insert into tasks (id, owner, title, description, completed, priority, due_date, due_all_day, completed_at, created, updated)
	select format('%015d', (j - 1) * {:users} + u), format('%015d', u), 'Task ' || j || ': buy milk and bread',
		iif(j % 2 = 0, 'Not the sort we had last time: ask at the counter, keep the receipt', ''),
		j % 3 = 0, case j % 3 when 0 then 'low' when 1 then 'medium' else 'high' end,
		iif(j % 4 = 0, strftime('%Y-%m-%d 00:00:00.000Z', 'now', j || ' days'), ''), j % 4 = 0,
		iif(j % 3 = 0, strftime('%Y-%m-%d %H:%M:%fZ', 'now', (j - {:tasks}) || ' minutes'), ''),
		strftime('%Y-%m-%d %H:%M:%fZ', 'now', (j - {:tasks}) || ' minutes'),
		strftime('%Y-%m-%d %H:%M:%fZ', 'now', (j - {:tasks}) || ' minutes')
	from m cross join n`

// insert fills both collections.
func insert(app core.App, users, tasks int) error {
	for _, sql := range []string{insertUsers, insertTasks, "analyze"} {
		query := app.NonconcurrentDB().NewQuery(sql)
		if sql != "analyze" {
			query.Bind(dbx.Params{"users": users, "tasks": tasks})
		}
		if _, err := query.Execute(); err != nil {
			return err
		}
	}
	return nil
}

// printTokens prints a token of each user, good for a day.
func printTokens(app core.App, users int) error {
	out := bufio.NewWriter(os.Stdout)
	for number := 1; number <= users; number++ {
		user, err := app.FindRecordById("users", fmt.Sprintf("%015d", number))
		if err != nil {
			return err
		}
		token, err := user.NewStaticAuthToken(24 * time.Hour)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, token)
	}
	return out.Flush()
}
