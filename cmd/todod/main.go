// Command todod is the backend of a todo application for many people. Without arguments it serves the API.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"todod/internal/client"
	"todod/internal/config"
	"todod/internal/httpapi"
	"todod/internal/version"
)

// The exit codes there are.
const (
	exitFailure     = 1 // something went wrong while running
	exitUsage       = 2 // bad arguments or configuration
	exitNotSignedIn = 3 // the server wants to know who asks
	exitNotFound    = 4 // the server has no such task
)

// errUsage marks an error in the arguments.
var errUsage = errors.New("usage")

// main runs todod until it is done or the first SIGINT or SIGTERM asks it to stop; a second one ends it at once.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from the first signal on, signals do what they do to any program
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitCode(err))
	}
}

// exitCode returns the exit code for an error of run.
func exitCode(err error) int {
	var problems *config.Problems
	if errors.As(err, &problems) || errors.Is(err, errUsage) || errors.Is(err, errMisconfigured) {
		return exitUsage
	}
	switch {
	case errors.Is(err, client.ErrNotSignedIn):
		return exitNotSignedIn
	case client.NotFound(err):
		return exitNotFound
	}
	return exitFailure
}

// commands are the commands there are.
type commands struct {
	EnvFile     string `type:"existingfile" placeholder:"PATH" help:"Read this file of variables instead of .env."`
	ShowVersion bool   `name:"version" help:"Print the version."`

	Help struct {
		Command []string `arg:"" optional:"" help:"The command."`
	} `cmd:"" help:"Say what there is, or how a command is used."`

	Serve struct{} `cmd:"" default:"1" help:"Serve the API. This is what happens without a command. Its help has every variable."`

	Migrate struct{} `cmd:"" help:"Bring the database to this version's schema and end."`

	Token tokenFlags `cmd:"" help:"Print an access token for a user, signed with the configured secret."`

	User userCommands `cmd:"" help:"List, make and erase accounts, and set passwords."`

	Demo struct{} `cmd:"" help:"Make a person with lists, labels and tasks of every kind to look at, and say how to sign in. Not in production."`

	Login loginFlags `cmd:"" help:"Sign in at a server, for todod tasks."`

	Logout struct{} `cmd:"" help:"End the session that login began."`

	Tasks tasksCommands `cmd:"" help:"Work with your tasks at a server."`

	Audit auditCommands `cmd:"" help:"Check the file of security events."`

	Openapi struct{} `cmd:"" help:"Print the API's description in OpenAPI 3.1."`

	Doctor doctorFlags `cmd:"" help:"Check this deployment and say what to do. Fails if something is wrong."`

	Backup backupFlags `cmd:"" help:"Write the SQLite database into a file, while the server runs or not."`

	Restore restoreFlags `cmd:"" help:"Put a backup into the place of the SQLite database, which is kept beside it. The server must be stopped."`

	Import importFlags `cmd:"" help:"Take over the accounts and tasks of the FastAPI and SQLModel backend, or what somebody has exported from todod. It can be run again at any time."`

	Completion completionFlags `cmd:"" help:"Print what has a shell complete todod's commands and flags. Its help says where to put it."`

	Healthcheck struct{} `cmd:"" help:"Ask the server that is configured here whether it is ready. Fails if it isn't."`

	Version struct{} `cmd:"" help:"Print the version."`
}

// run carries out the command in args, with the configuration that getenv gives, until it is done or ctx ends. An error
// of the arguments is errUsage, one of the configuration *config.Problems.
func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	var cli commands
	command, err := parse(&cli, args, stdout)
	if err != nil || command == "" {
		return err
	}
	if cli.ShowVersion {
		command = "version"
	}
	switch command {
	case "version":
		_, err := fmt.Fprintf(stdout, "todod %s (%s, %s %s/%s)\n",
			version.Number(), version.Revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	case "login <email>":
		return logIn(ctx, getenv, cli.Login, console{os.Stdin, os.Stderr}, stdout)
	case "logout":
		return logOut(ctx, getenv, stdout)
	case "completion <shell>":
		return printCompletion(cli.Completion.Shell, stdout)
	case "audit verify <file>":
		return verifyAudit(cli.Audit.Verify, stdout)
	case "openapi":
		_, err := stdout.Write(httpapi.New(httpapi.Config{Logger: discard, Version: version.Number()}).OpenAPI())
		return err
	}
	if strings.HasPrefix(command, "tasks ") {
		return manageTasks(ctx, getenv, command, cli.Tasks, stdout)
	}
	cfg, err := config.LoadFile(getenv, cli.EnvFile)
	if command == "doctor" {
		return doctor(ctx, cfg, err, cli.Doctor, stdout)
	}
	if err != nil {
		return err
	}
	if usesDatabase(command) {
		_, _ = fmt.Fprintln(os.Stderr, "database:", whereIs(cfg.Database))
	}
	if strings.HasPrefix(command, "user ") {
		return manageUsers(ctx, cfg, command, cli.User, console{os.Stdin, os.Stderr}, stdout)
	}
	switch command {
	case "backup <file>":
		return backUp(ctx, cfg, cli.Backup, stdout)
	case "restore <file>":
		return restore(ctx, cfg, cli.Restore, stdout)
	case "demo":
		return demo(ctx, cfg, stdout)
	case "migrate":
		return migrate(ctx, cfg, stdout)
	case "token":
		return printToken(ctx, cfg, cli.Token, stdout)
	case "import":
		return importLegacy(ctx, cfg, cli.Import, stdout)
	case "healthcheck":
		return healthcheck(ctx, cfg)
	default:
		return serve(ctx, cfg, getenv, stdout)
	}
}

// usesDatabase reports whether a command works on the database and ends, so that a person should see which one it is.
func usesDatabase(command string) bool {
	name, _, _ := strings.Cut(command, " ")
	return slices.Contains([]string{"user", "demo", "migrate", "backup", "restore", "import"}, name)
}

// whereIs says to a person which database that is: a file by its whole path, as a folder may be the wrong one.
func whereIs(db config.Database) string {
	if db.Engine == config.SQLite {
		if whole, err := filepath.Abs(db.Path); err == nil {
			db.Path = whole
		}
	}
	return db.String()
}

// withoutURLs returns text without the arguments in it that are URLs, or flags with one: they may have passwords in them.
func withoutURLs(text string, args []string) string {
	for _, arg := range args {
		if _, value, isFlag := strings.Cut(arg, "="); isFlag && strings.HasPrefix(arg, "-") {
			arg = value
		}
		if strings.ContainsAny(arg, "@:=") {
			text = strings.ReplaceAll(text, arg, "[redacted]")
		}
	}
	return text
}

// newParser returns the parser of arguments that fills cli.
func newParser(cli *commands, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(cli, append(options, kong.Name("todod"), kong.Help(printHelp),
		kong.Description("The backend of a todo application for many people."))...)
}

// parse reads args into cli and returns the command they name, "" if they only asked for help.
func parse(cli *commands, args []string, stdout io.Writer) (command string, err error) {
	type helped struct{}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(helped); !ok {
				panic(p)
			}
		}
	}()
	parser, err := newParser(cli, kong.Writers(stdout, stdout), kong.Exit(func(int) { panic(helped{}) }))
	if err != nil {
		return "", err
	}
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		return "", fmt.Errorf("todod: %w: %s (todod --help shows what there is)", errUsage, withoutURLs(err.Error(), args))
	}
	return kctx.Command(), nil
}
