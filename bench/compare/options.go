package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The engines: the ways from todod to its data.
const (
	onPostgres  = "postgres"
	onPgBouncer = "pgbouncer"
	onDelayed   = "delayed" // PostgreSQL behind a proxy that delays; added by -delay
	onSQLite    = "sqlite"
)

// The logins with which todod works on PostgreSQL; docs/deploy.md tells of both.
const (
	restricted = "restricted" // owns nothing, row-level security holds for it
	switched   = "switched"   // owns the tables, and switches the role in each transaction
)

// The measures: what is to be learnt.
const (
	ofRates  = "rates"  // how todod stands beside pgbench
	ofPeers  = "peers"  // and beside what somebody could have taken instead
	ofGrowth = "growth" // what a request costs when there is much more
	ofMemory = "memory" // what many connections take
	ofSoak   = "soak"   // what hours of work leave behind
	ofStart  = "start"  // how long a start takes
)

// defaults are the engines and operations of a measure that the command line doesn't choose.
var defaults = map[string]struct{ engines, operations string }{
	ofRates:  {"postgres,pgbouncer,sqlite", strings.Join(operationNames(), ",")},
	ofPeers:  {"postgres,sqlite", "get,list50,create,toggle,update"},
	ofGrowth: {"postgres,sqlite", "get,list50,create,toggle"},
	ofMemory: {"sqlite", "list50"},
	ofStart:  {"sqlite", "get"},
	ofSoak:   {"sqlite", "get,list50,list50-unchanged,create,toggle,update"},
}

// options say what is measured, and how.
type options struct {
	kind          string // of measure
	engines       []string
	operations    []operation
	clients       []int
	rounds        int
	length        time.Duration // of one sample, in whole seconds
	data          dataset
	against       string // a Git revision, "" for none
	login         string
	delay         time.Duration // each way, 0 for no such rows
	environment   []string      // NAME=value for todod, besides what is set anyway
	poolerSize    int
	grow          int           // how many times the tasks, for growth
	connections   int           // for memory
	starts        int           // of each kind
	soak          time.Duration // how long
	every         time.Duration // how often todod is looked at meanwhile
	path          string        // of the report
	sharedBuffers string
	keepLogs      bool
	command       string // the command line, for the report
}

// parseOptions reads the command line.
func parseOptions(args []string) (options, error) {
	o := options{command: strings.Join(append([]string{"go run ./bench/compare"}, args...), " ")}
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.StringVar(&o.kind, "measure", ofRates, "what is measured: "+strings.Join(measures(), ", "))
	engines := flags.String("engines", "", "what todod keeps its data in; the measure's own if empty")
	names := flags.String("ops", "", "operations; the measure's own if empty")
	clients := flags.String("clients", "64", "connections at once, several separated by commas")
	flags.IntVar(&o.rounds, "rounds", 3, "samples of each")
	flags.DurationVar(&o.length, "duration", 3*time.Second, "length of a sample, in whole seconds")
	flags.IntVar(&o.data.users, "users", 1000, "users")
	flags.IntVar(&o.data.tasks, "tasks", 1000, "tasks of each user")
	flags.StringVar(&o.against, "against", "", "a Git revision whose todod is measured in the same rounds")
	flags.StringVar(&o.login, "login", restricted, "todod's login on PostgreSQL: restricted or switched")
	flags.DurationVar(&o.delay, "delay", 0, "also measure PostgreSQL with this delay on each way to it")
	flags.Func("env", "NAME=value for todod, such as DB_POOL_SIZE=8; can be repeated", func(s string) error {
		o.environment = append(o.environment, s)
		return nil
	})
	flags.IntVar(&o.poolerSize, "pgbouncer-pool", 20, "PgBouncer's connections to PostgreSQL")
	flags.IntVar(&o.grow, "grow", 10, "growth: how many times the tasks")
	flags.IntVar(&o.connections, "connections", 1000, "memory: connections and event streams, a user each")
	flags.IntVar(&o.starts, "starts", 20, "start: how many of each kind")
	flags.DurationVar(&o.soak, "for", 20*time.Minute, "soak: how long")
	flags.DurationVar(&o.every, "every", 10*time.Second, "soak: how often todod is looked at")
	flags.StringVar(&o.sharedBuffers, "shared-buffers", "1GB", "PostgreSQL's shared_buffers")
	flags.StringVar(&o.path, "report", "", "file of the report; bench/out/MEASURE.md if empty")
	flags.BoolVar(&o.keepLogs, "keep-logs", false, "keep the folder with the logs of all servers, and say where it is")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	own, ok := defaults[o.kind]
	if !ok {
		return options{}, fmt.Errorf("-measure: there is no measure %q, only %s", o.kind, strings.Join(measures(), ", "))
	}
	o.path = cmp.Or(o.path, "bench/out/"+o.kind+".md")
	return o, errors.Join(o.setEngines(cmp.Or(*engines, own.engines)), o.setOperations(cmp.Or(*names, own.operations)),
		o.setClients(*clients), o.check())
}

// measures returns the names of all measures.
func measures() []string { return slices.Sorted(maps.Keys(defaults)) }

// setEngines reads the list of engines and adds the delayed one if there is a delay.
func (o *options) setEngines(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		if !slices.Contains([]string{onPostgres, onPgBouncer, onSQLite}, name) {
			return fmt.Errorf("-engines: there is no engine %q", name)
		}
		o.engines = append(o.engines, name)
	}
	if o.delay > 0 {
		o.engines = append(o.engines, onDelayed)
	}
	return nil
}

// setOperations reads the list of operations.
func (o *options) setOperations(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(operationNames(), name)
		if i < 0 {
			return fmt.Errorf("-ops: there is no operation %q, only %s", name, strings.Join(operationNames(), ", "))
		}
		o.operations = append(o.operations, operations[i])
	}
	return nil
}

// setClients reads the list of numbers of connections.
func (o *options) setClients(list string) error {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostClients {
			return fmt.Errorf("-clients: %q is not a number from 1 to %d", text, mostClients)
		}
		o.clients = append(o.clients, n)
	}
	return nil
}

// check returns what is wrong with the other options.
func (o *options) check() error {
	switch {
	case o.rounds < 1 || o.data.users < 1 || o.data.tasks < 1 || o.poolerSize < 1:
		return errors.New("-rounds, -users, -tasks and -pgbouncer-pool must be at least 1")
	case o.length < time.Second || o.length%time.Second != 0:
		return errors.New("-duration must be whole seconds: pgbench and wrk know no others")
	case o.login != restricted && o.login != switched:
		return errors.New("-login must be restricted or switched")
	case o.kind == ofGrowth && o.grow < 2:
		return errors.New("-grow must be at least 2")
	case o.kind == ofMemory && (o.connections < 1 || o.connections > mostStreams*o.data.users):
		return fmt.Errorf("-connections must be at least 1, and at most %d for each user", mostStreams)
	case o.kind == ofSoak && (o.soak < 10*o.every || o.every < time.Second):
		return errors.New("-every must be at least a second, and -for at least ten times as long")
	case o.kind == ofStart && o.starts < 1:
		return errors.New("-starts must be at least 1")
	case (o.kind == ofMemory || o.kind == ofStart) && !slices.Equal(o.engines, []string{onSQLite}):
		return fmt.Errorf("-measure %s is about SQLite: leave -engines away", o.kind)
	case o.delay < 0:
		return errors.New("-delay must not be negative")
	}
	for _, variable := range o.environment {
		if name, _, ok := strings.Cut(variable, "="); !ok || name == "" {
			return fmt.Errorf("-env: %q is not NAME=value", variable)
		}
	}
	return nil
}

// limited tells whether pgbench is measured, too.
func (o *options) limited() bool { return o.kind == ofRates || o.kind == ofPeers }

// needsPostgres tells whether any engine is PostgreSQL.
func (o *options) needsPostgres() bool {
	return slices.ContainsFunc(o.engines, func(engine string) bool { return engine != onSQLite })
}
