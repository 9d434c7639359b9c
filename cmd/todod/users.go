package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode"

	"todod/internal/account"
	"todod/internal/config"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// userCommands are what an operator can do to accounts, while the server runs or not.
type userCommands struct {
	List struct {
		JSON bool `name:"json" help:"As a JSON array."`
	} `cmd:"" help:"List the accounts, by e-mail address."`

	Create struct {
		Email string `required:"" help:"The person's e-mail address."`
		Name  string `required:"" help:"The person's name."`
	} `cmd:"" help:"Make an account and print its id. The password is asked for, or is the first line of standard input."`

	SetPassword struct {
		Person string `arg:"" help:"Their e-mail address or id."`
	} `cmd:"" help:"Give somebody a new password, asked for as in create, and end all their sessions."`

	Delete struct {
		Person string `arg:"" help:"Their e-mail address or id."`
		ID     bool   `name:"id" help:"It is their id, even if it looks like an e-mail address."`
		Yes    bool   `help:"Don't ask."`
	} `cmd:"" help:"Erase somebody: their account, their sessions, their tasks, everything. It can't be undone."`
}

// openAccounts opens the database that is configured, when it is ready. A file that isn't there is made only if create says
// so: whoever looks for somebody in the wrong folder is not to find an empty database.
func openAccounts(ctx context.Context, cfg config.Config, create bool) (store, error) {
	if cfg.Database.Engine == config.SQLite {
		if _, err := os.Stat(cfg.Database.Path); errors.Is(err, fs.ErrNotExist) && !create {
			return nil, fmt.Errorf("%s is not there: go to the folder in which todod runs, or set DATABASE_URL", whereIs(cfg.Database))
		}
		return sqlite.Open(ctx, cfg.Database.Path)
	}
	db, err := postgres.Connect(ctx, postgresConfig(cfg, discard))
	return db, withAdvice(err)
}

// manageUsers carries out one of userCommands.
func manageUsers(
	ctx context.Context, cfg config.Config, command string, flags userCommands, in console, stdout io.Writer,
) (err error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(command, "user "), " ")
	if name == "create" || name == "set-password" {
		if err := needLocal(cfg); err != nil {
			return fmt.Errorf("user: %w", err)
		}
	}
	store, err := openAccounts(ctx, cfg, name == "create")
	if err != nil {
		return fmt.Errorf("user: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return fmt.Errorf("user: %w", err)
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	o := auditedOperator{account.NewOperator(store, account.NewPasswords(), time.Now), security}
	switch name {
	case "list":
		err = listUsers(ctx, o.Operator, flags.List.JSON, stdout)
	case "create":
		err = createUser(ctx, o, account.Registration{Name: flags.Create.Name, Email: flags.Create.Email}, in, stdout)
	case "set-password":
		err = setUserPassword(ctx, o, flags.SetPassword.Person, in, stdout)
	case "delete":
		err = deleteUser(ctx, o, flags.Delete.Person, flags.Delete.ID, flags.Delete.Yes, in, stdout)
	}
	switch {
	case todo.CodeOf(err) == todo.Invalid:
		return fmt.Errorf("user: %w: %w", errUsage, err)
	case err != nil:
		return fmt.Errorf("user: %w", err)
	}
	return nil
}

// needLocal returns an error where todod keeps no passwords.
func needLocal(cfg config.Config) error {
	if cfg.Auth.Provider != config.Local {
		return fmt.Errorf("%w: with AUTH_PROVIDER=%s passwords are kept there, not here", errUsage, cfg.Auth.Provider)
	}
	return nil
}

// listUsers prints everybody who has an account.
func listUsers(ctx context.Context, o *account.Operator, asJSON bool, stdout io.Writer) error {
	if asJSON {
		return listUsersAsJSON(ctx, o, stdout)
	}
	return o.Each(ctx, func(p account.Person) error {
		_, err := fmt.Fprintf(stdout, "%s  %s  %s  %s\n", p.CreatedAt.Format(time.DateOnly), p.ID, visible(p.Email), visible(p.Name))
		return err
	})
}

// visible returns s with a mark for each character that a terminal would not show, or would obey.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// listUsersAsJSON prints everybody who has an account as one array.
func listUsersAsJSON(ctx context.Context, o *account.Operator, stdout io.Writer) error {
	type person struct {
		ID        todo.UserID `json:"id"`
		Email     string      `json:"email"`
		Name      string      `json:"name"`
		CreatedAt string      `json:"created_at"`
	}
	before := "["
	err := o.Each(ctx, func(p account.Person) error {
		line, err := json.Marshal(person{p.ID, p.Email, p.Name, p.CreatedAt.Format("2006-01-02T15:04:05.000000Z")})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%s\n  %s", before, line)
		before = ","
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if before == "[" {
		end = "[]\n"
	}
	_, err = io.WriteString(stdout, end)
	return err
}

// createUser makes an account and prints its id.
func createUser(
	ctx context.Context, o auditedOperator, r account.Registration, in console, stdout io.Writer,
) (err error) {
	if r.Password, err = in.newPassword(ctx); err != nil {
		return err
	}
	p, err := o.Create(ctx, r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, p.ID)
	return err
}

// setUserPassword gives a person a new password.
func setUserPassword(
	ctx context.Context, o auditedOperator, person string, in console, stdout io.Writer,
) error {
	p, err := o.Find(ctx, person)
	if err != nil {
		return err
	}
	password, err := in.newPassword(ctx)
	if err != nil {
		return err
	}
	if err := o.SetPassword(ctx, p.ID, password); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s has a new password; all their sessions have ended\n", visible(p.Email))
	return err
}

// errNotConfirmed is the end of a deletion that nobody confirmed.
var errNotConfirmed = errors.New("not confirmed, nothing was erased")

// toErase returns whom an argument names. One who signs in elsewhere has no account here and is named by id; with isID, it is
// nothing else.
func toErase(ctx context.Context, o *account.Operator, person string, isID bool) (account.Person, error) {
	find := o.Find
	if isID {
		find = o.FindID
	}
	p, err := find(ctx, person)
	if todo.CodeOf(err) != todo.NotFound || !todo.ValidID(person) {
		return p, err
	}
	if _, isEmail := account.NormaliseEmail(person); isEmail && !isID {
		return p, fmt.Errorf("%w (if this is an id, say --id)", err)
	}
	return account.Person{ID: todo.UserID(person), Email: "no account here"}, nil
}

// deleteUser erases the person whom toErase finds, and has them named once more unless the operator is sure.
func deleteUser(
	ctx context.Context, o auditedOperator, person string, isID, sure bool, in console, stdout io.Writer,
) error {
	p, err := toErase(ctx, o.Operator, person, isID)
	if err != nil {
		return err
	}
	if !sure {
		answer, err := in.line(ctx, fmt.Sprintf("Type %s again to erase %s (%s) and everything of theirs: ", visible(person), p.ID, visible(p.Email)))
		if err != nil {
			return err
		}
		if answer != person {
			return errNotConfirmed
		}
	}
	if err := o.Erase(ctx, p.ID); err != nil {
		return err
	}
	if err := removeLeftovers(ctx, o, p.ID, stdout); err != nil {
		return fmt.Errorf("%s is erased, but not all rows are removed yet; the server goes on, or do this again: %w", p.ID, err)
	}
	_, err = fmt.Fprintf(stdout, "%s is erased\n", p.ID)
	return err
}

// progressEvery is how many rows are removed between two lines that say how many.
const progressEvery = 100_000

// removeLeftovers removes what is left of a person who was erased, and says from time to time how far it has come.
func removeLeftovers(ctx context.Context, o auditedOperator, owner todo.UserID, stdout io.Writer) error {
	rows, told := 0, 0
	return o.Tidy(ctx, owner, func(n int) {
		if rows += n; rows-told >= progressEvery {
			told = rows
			_, _ = fmt.Fprintf(stdout, "%d rows removed\n", rows) // who doesn't read it wants it done all the same
		}
	})
}
