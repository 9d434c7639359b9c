package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"todod/internal/account"
	"todod/internal/config"
	"todod/internal/todo"
)

// demoPeople is how many demo accounts there may be: more are made by nobody who has looked.
const demoPeople = 100

// demo makes a person with things of every kind, and says what there is and how to sign in. Each run makes another one, as
// nobody can know the password of the one before. It refuses what is not for trying things: production, staging, and
// people who sign in elsewhere.
func demo(ctx context.Context, cfg config.Config, stdout io.Writer) (err error) {
	if cfg.Env.Strict() {
		return fmt.Errorf("demo: %w: with APP_ENV=%s there are real people here; it is for development", errUsage, cfg.Env)
	}
	if err := needLocal(cfg); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	db, err := openAccounts(ctx, cfg, true)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	password := rand.Text()
	o := auditedOperator{account.NewOperator(db, account.NewPasswords(), time.Now), security}
	p, err := newDemoPerson(ctx, o, password)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := makeDemo(ctx, db, cfg, p, time.Now()); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	_, err = io.WriteString(stdout, demoText(cfg, p.Email, password))
	return err
}

// newDemoPerson makes the account of demo@example.com, or of demo2@example.com if that is taken, and so on.
func newDemoPerson(ctx context.Context, o auditedOperator, password string) (p account.Person, err error) {
	number := ""
	for n := 2; n <= demoPeople; n++ {
		p, err = o.Create(ctx, account.Registration{
			Name: strings.TrimSpace("Demo " + number), Email: "demo" + number + "@example.com", Password: password,
		})
		if todo.CodeOf(err) != todo.Conflict {
			return p, err
		}
		number = strconv.Itoa(n)
	}
	return p, fmt.Errorf("there are %d of them already: todod user list shows them, todod user delete erases one", demoPeople-1)
}

// demoText says to a person what there is and how to sign in.
func demoText(cfg config.Config, email, password string) string {
	url := scheme(cfg) + "://" + reachable(net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))))
	return fmt.Sprintf(`%[1]s is there, with open and completed tasks, lists, labels, subtasks, due dates, a trash and a history.

  e-mail    %[1]s
  password  %[2]s

It is shown this once. While todod serves:
  in a browser  %[3]s/docs, Authorize
  by todod      export TODOD_URL=%[3]s; todod login %[1]s; todod tasks ls
  by curl       curl -s %[3]s/api/auth/login -H 'Content-Type: application/json' \
                  -d '{"email": "%[1]s", "password": "%[2]s"}'
todod user delete %[1]s erases all of it.
`, email, password, url)
}

// A demoTask is a task, and what has become of it.
type demoTask struct {
	patch  todo.Patch
	list   string        // "" for the inbox
	under  string        // the title of the task that it is a part of, "" for none
	labels []string      // their names
	age    time.Duration // since it was made
	then   []step
}

// A step changes the task with that id.
type step func(ctx context.Context, w demoWorld, id int64) error

// A demoWorld is in which demo tasks are made: a service whose clock is moved by hand.
type demoWorld struct {
	service *todo.Service
	by      todo.User
	now     *time.Time
	ids     map[string]int64 // of what has been made, by name or title
}

// makeDemo makes p's lists, labels and tasks as of the days before now, in the order in which they would have come about.
func makeDemo(ctx context.Context, db store, cfg config.Config, p account.Person, now time.Time) error {
	clock := now.Add(-demoAge)
	w := demoWorld{
		by: todo.User{ID: p.ID, Email: p.Email, Name: p.Name, AsOf: now}, now: &clock,
		service: todo.NewService(db, func() time.Time { return clock }, rules(cfg)), ids: map[string]int64{},
	}
	for _, o := range demoObjects {
		patch := todo.ObjectPatch{Name: todo.Some(o.name), Color: todo.Some(o.color)}
		made, err := w.service.CreateObject(ctx, w.by, o.kind, patch, todo.WriteOptions{})
		if err != nil {
			return fmt.Errorf("make a %s: %w", o.kind, err)
		}
		w.ids[o.name] = made.Object.ID
	}
	for _, task := range demoTasks(now) {
		clock = now.Add(-task.age)
		made, err := w.service.Create(ctx, w.by, w.patchOf(task), todo.WriteOptions{})
		if err != nil {
			return fmt.Errorf("make a task: %w", err)
		}
		w.ids[made.Task.Title] = made.Task.ID
		for _, then := range task.then {
			clock = clock.Add(time.Hour)
			if err := then(ctx, w, made.Task.ID); err != nil {
				return fmt.Errorf("change a task: %w", err)
			}
		}
	}
	return nil
}

// patchOf returns what task starts with. Its list, its parent and its labels have been made.
func (w demoWorld) patchOf(task demoTask) todo.Patch {
	p := task.patch
	if task.list != "" {
		p.ListID = todo.Some(w.ids[task.list])
	}
	if task.under != "" {
		p.ParentID = todo.Some(w.ids[task.under])
	}
	var labels todo.IDs
	for _, name := range task.labels {
		labels = append(labels, w.ids[name])
	}
	if len(labels) > 0 {
		p.LabelIDs = todo.Some(labels)
	}
	return p
}

// The lists and labels of demo tasks.
const (
	household   = "Household"
	conferences = "Conferences"
	urgent      = "urgent"
	errand      = "errand"
	someday     = "someday"
)

// demoObjects are the lists and labels.
var demoObjects = []struct {
	kind        todo.Kind
	name, color string
}{
	{todo.KindList, household, "#3c9a4f"},
	{todo.KindList, conferences, "#3f7fe0"},
	{todo.KindLabel, urgent, "#d6453a"},
	{todo.KindLabel, errand, "#d97a1c"},
	{todo.KindLabel, someday, "#9257d8"},
}

// demoAge is how long ago the first demo task was made.
const demoAge = 6 * 24 * time.Hour

// demoTasks are the tasks, the oldest first; each has its last change before the next is made.
func demoTasks(now time.Time) []demoTask {
	const day = 24 * time.Hour
	return []demoTask{
		{patch: titled("Book the flights", todo.High, onDay(now, -4)), list: conferences, age: 6 * day, then: []step{toggled}},
		{patch: titled("Call the dentist", todo.Medium, onDay(now, -3)), age: 5 * day, then: []step{toggled, toggled}},
		{patch: titled("Old shopping list", todo.Low, none), age: 5*day - 12*time.Hour, then: []step{deleted}},
		{patch: titled("Write the talk", todo.High, at(now, 3, 17)), list: conferences, labels: []string{urgent}, age: 4 * day, then: []step{
			changed(todo.Patch{Title: todo.Some("Write the talk on small programs")}),
			changed(todo.Patch{Description: todo.Some("20 minutes, 10 slides at most. Ends with the demo.")}),
			changed(todo.Patch{Due: todo.Some(at(now, 2, 17))}),
		}},
		{patch: titled("Find a title", todo.Medium, none), under: "Write the talk", age: 4*day - 6*time.Hour, then: []step{toggled}},
		{patch: titled("Draw the slides", todo.Medium, none), under: "Write the talk", age: 4*day - 8*time.Hour, then: []step{toggled}},
		{patch: titled("Rehearse it twice", todo.Medium, onDay(now, 2)), under: "Write the talk", age: 4*day - 10*time.Hour},
		{patch: titled("Renew the passport", todo.High, onDay(now, -1)), labels: []string{errand, urgent}, age: 3 * day},
		{patch: titled("Water the plants", todo.Low, onDay(now, 0)), list: household, age: 2 * day},
		{patch: titled("Return the library books", todo.Low, none), labels: []string{errand}, age: 2*day - 6*time.Hour, then: []step{deleted, restored}},
		{patch: titled("Team lunch", todo.Medium, at(now, 1, 12)), age: 2*day - 12*time.Hour},
		{patch: titled("Pay the rent", todo.High, onDay(now, 5)), list: household, age: day},
		{patch: titled("Read about idempotency keys", todo.Low, none), labels: []string{someday}, age: day - 6*time.Hour, then: []step{toggled}},
		{patch: titled("Café Straße: ask for the filter coffee", todo.Medium, none), age: day - 12*time.Hour},
		{patch: titled("Sort the photos", todo.Medium, none), age: 3 * time.Hour, then: []step{deleted}},
		{patch: titled("Buy milk", todo.Medium, onDay(now, 1)), list: household, labels: []string{errand}, age: 100 * time.Minute},
		{patch: titled("Fix the tap", todo.Medium, none), list: household, age: 90 * time.Minute, then: []step{moved("Pay the rent")}},
	}
}

// none is no due date.
var none todo.Date

// onDay returns the day that lies so many days after now's.
func onDay(now time.Time, days int) todo.Date {
	return todo.Date{At: now.UTC().AddDate(0, 0, days)}.On(true)
}

// at returns the full hour, in UTC, of the day that lies so many days after now's.
func at(now time.Time, days, hour int) todo.Date {
	return todo.Date{At: onDay(now, days).At.Add(time.Duration(hour) * time.Hour)}
}

// titled returns what a task starts with.
func titled(title string, priority todo.Priority, due todo.Date) todo.Patch {
	p := todo.Patch{Title: todo.Some(title), Priority: todo.Some(priority)}
	if due != none {
		p.Due = todo.Some(due)
	}
	return p
}

// toggled completes a task, or reopens it.
func toggled(ctx context.Context, w demoWorld, id int64) error {
	_, err := w.service.Toggle(ctx, w.by, id, todo.WriteOptions{})
	return err
}

// deleted moves a task to the trash.
func deleted(ctx context.Context, w demoWorld, id int64) error {
	_, err := w.service.Delete(ctx, w.by, id, todo.WriteOptions{})
	return err
}

// restored takes a task out of the trash.
func restored(ctx context.Context, w demoWorld, id int64) error {
	_, err := w.service.Restore(ctx, w.by, id, todo.WriteOptions{})
	return err
}

// changed returns what changes a task.
func changed(p todo.Patch) step {
	return func(ctx context.Context, w demoWorld, id int64) error {
		_, err := w.service.Update(ctx, w.by, id, p, todo.WriteOptions{})
		return err
	}
}

// moved returns what has the task with that title stand above all others of its list.
func moved(title string) step {
	return func(ctx context.Context, w demoWorld, _ int64) error {
		_, err := w.service.MoveTask(ctx, w.by, w.ids[title], todo.Move{After: todo.Null[int64]()}, todo.WriteOptions{})
		return err
	}
}
