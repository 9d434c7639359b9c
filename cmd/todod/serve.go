package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/config"
	"todod/internal/event"
	"todod/internal/httpapi"
	"todod/internal/observe"
	"todod/internal/server"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
	"todod/internal/turn"
	"todod/internal/version"
)

// discard is the logger of those who have nothing to say.
var discard = slog.New(slog.DiscardHandler)

// A store keeps everything, and has to be closed.
type store interface {
	account.FullStore
	io.Closer
}

// serve serves the API as cfg says, which came from getenv, until ctx ends, and then until the requests under way are answered.
func serve(ctx context.Context, cfg config.Config, getenv func(string) string, stdout io.Writer) (err error) {
	var closers closers
	defer closers.all(&err)
	if getenv("GOGC") == "" {
		collectSeldom()
	}
	if err := cfg.EnsureDevSecret(); err != nil {
		return err
	}
	o, err := openObserver(ctx, cfg, stdout, &closers)
	if err != nil {
		return err
	}
	cert, err := openCertificate(cfg.TLS, o)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	closers.then(stop)
	verifier, err := newVerifier(cfg, o.traces, o.log)
	if err != nil {
		return err
	}
	closers.then(verifier.Close)
	closers.then(followSecrets(cfg, getenv, verifier, stop, o))
	api, err := openAPI(ctx, cfg, o, verifier, &closers)
	if err != nil {
		return err
	}
	stopMetrics, err := serveMetrics(ctx, cfg, api.Metrics(), o.log)
	if err != nil {
		return err
	}
	closers.add(stopMetrics)
	listeners, err := server.Listen(ctx, cfg.Host, ports(cfg)...)
	if err != nil {
		return err
	}
	o.started(ctx, cfg, listeners[0].Addr())
	defer audit.ServerStopped.Log(context.WithoutCancel(ctx), o.security)
	debug.FreeOSMemory() // describing the API has taken more than serving it will for long
	forgetCode()
	log := observe.For(o.log, "todod.http")
	web := server.New(server.Config{
		Handler: api, Certificate: cert, Connections: mostConnections(cfg, log), Trusted: cfg.TrustedProxies,
		LongestWrite: cfg.Database.PoolTimeout, Logger: log,
	})
	return server.Serve(ctx, listeners, web, api.Drain, cfg.ShutdownTimeout, o.log)
}

// openCertificate reads the certificate that is configured, nil if there is none. The error is *config.Problems.
func openCertificate(files config.TLS, o observer) (*server.Certificate, error) {
	if !files.On() {
		return nil, nil //nolint:nilnil // without a certificate there is no HTTPS
	}
	return server.NewCertificate(files.KeyPair, time.Now, observe.For(o.log, "todod.http"), o.security)
}

// ports returns where a server listens that is configured like this: at the API's port and, beside HTTPS, perhaps at one for
// plain HTTP.
func ports(cfg config.Config) []server.Port {
	all := []server.Port{{Variable: "API_PORT", Number: cfg.Port, Encrypted: cfg.TLS.On()}}
	if cfg.TLS.RedirectPort != 0 {
		all = append(all, server.Port{Variable: "TLS_REDIRECT_PORT", Number: cfg.TLS.RedirectPort})
	}
	return all
}

// mostConnections returns how many connections a server may have that is configured like this, on this system.
func mostConnections(cfg config.Config, log *slog.Logger) int {
	return server.MostConnections(cfg.MaxConnections, cfg.Database.PoolSize, log)
}

// requireHTTPS returns how clients are kept to HTTPS.
func requireHTTPS(cfg config.Config) httpapi.HTTPS {
	https := httpapi.HTTPS{Required: cfg.Env.Strict()}
	if cfg.TLS.On() {
		https.Port = cfg.Port
	}
	return https
}

// closers are what is to be done in the end, what was begun last first.
type closers []func() error

// add adds an end that may fail.
func (c *closers) add(end func() error) { *c = append(*c, end) }

// then adds an end that can't fail.
func (c *closers) then(end func()) { c.add(func() error { end(); return nil }) }

// all does it all and joins what fails to err.
func (c *closers) all(err *error) {
	for _, end := range slices.Backward(*c) {
		*err = errors.Join(*err, end())
	}
}

// An observer is what everything tells operators through.
type observer struct {
	log      *slog.Logger
	security *slog.Logger // of what concerns security
	metrics  *observe.Metrics
	traces   *observe.Traces // nil: none
	terminal bool            // a person reads the log
}

// started tells that the server listens at an address. A person reads where to go before anything else.
func (o observer) started(ctx context.Context, cfg config.Config, at net.Addr) {
	if o.terminal {
		o.log.Info(startLine(cfg, at))
		logChanges(o.log, cfg)
	}
	audit.ServerStarted.Log(ctx, o.security, slog.String("version", version.Number()), slog.String("revision", version.Revision()))
	if !o.terminal {
		o.log.Info(startLine(cfg, at))
	}
}

// openObserver returns the observer that is configured, which has been told the configuration unless stdout is a terminal.
func openObserver(ctx context.Context, cfg config.Config, stdout io.Writer, closers *closers) (o observer, err error) {
	log, closeLog := newLogger(stdout, cfg.LogLevel)
	closers.add(closeLog)
	security, closeAudit, err := openSecurity(cfg, log)
	if err != nil {
		return o, err
	}
	closers.add(closeAudit)
	terminal := observe.IsTerminal(stdout)
	if !terminal { // there, started tells it
		logConfig(log, cfg)
	}
	traces, flush, err := startTracing(ctx, cfg, log)
	if err != nil {
		return o, err
	}
	closers.then(flush)
	return observer{log, security, observe.NewMetrics(version.Number()), traces, terminal}, nil
}

// openAPI returns the API over the database that is configured, with what goes on behind it.
func openAPI(
	ctx context.Context, cfg config.Config, o observer, verifier *auth.Verifier, closers *closers,
) (*httpapi.API, error) {
	db, err := openStore(ctx, cfg, o.traces, o.log)
	if err != nil {
		return nil, err
	}
	closers.add(db.Close)
	hub := newHub(cfg, db, o.log)
	hub.Start()
	closers.then(hub.Close)
	ordered := turn.Store(db, cfg.Database.PoolTimeout, readsAtOnce(cfg)) // for what people ask for; streams and sweeps have no turn
	tasks := todo.NewService(todo.Observed(ordered, hub.Changed), time.Now, rules(cfg))
	own := todo.NewService(todo.Observed(db, hub.Changed), time.Now, rules(cfg))
	sweeper := sweepFrom(ctx, own, sweepEvery(cfg.Retention), o.metrics, o.log)
	closers.then(sweeper.stop)
	closers.then(foldTextsFrom(ctx, db, o.log))
	provider, err := newProvider(cfg, verifier.Secrets, account.Observed(ordered, hub), o.traces, o.log)
	if err != nil {
		return nil, err
	}
	if closer, ok := provider.(io.Closer); ok {
		closers.add(closer.Close)
	}
	limits, closeLimits, err := newLimits(cfg.RateLimit, o.log)
	if err != nil {
		return nil, err
	}
	closers.then(closeLimits)
	api := httpapi.New(httpapi.Config{
		Tasks: tasks, Streams: own, Accounts: provider, Tickets: account.NewTickets(ordered, time.Now), Events: hub, LogReaders: readsAtOnce(cfg),
		PersonalData: account.NewPersonalData(account.PersonalDataConfig{
			Store: ordered, Provider: provider, Now: time.Now, Logger: observe.For(o.log, "todod.account"),
			Erased: func(owner todo.UserID) { hub.Erased(owner); sweeper.Erased(owner) },
		}),
		Verifier: verifier, Limits: limits, Logger: o.log, Security: o.security, Now: time.Now, Version: version.Number(),
		AllowedOrigins: cfg.AllowedOrigins, AllowedHeaders: cfg.AllowedHeaders, TrustedProxies: cfg.TrustedProxies, HTTPS: requireHTTPS(cfg),
		App:     servesApp(cfg),
		Metrics: o.metrics, MetricsRoute: metricsRoute(cfg), Traces: o.traces,
	})
	watchState(o.metrics, db, hub, limits.Source, api)
	return api, nil
}

// newLogger returns the logger that writes to stdout, in colour if that is a terminal. It must be closed.
func newLogger(stdout io.Writer, level slog.Leveler) (log *slog.Logger, closeLog func() error) {
	if f, ok := stdout.(*os.File); ok {
		return observe.Logger(f, level)
	}
	return observe.NewBufferedLogger(stdout, level)
}

// logConfig logs what todod runs with, and what of it is probably not meant.
func logConfig(log *slog.Logger, cfg config.Config) {
	log.Info("configuration", "config", cfg)
	logNotes(log, cfg)
}

// logChanges logs, for a person at a terminal, which settings differ from their defaults, a line each, and what of them is
// probably not meant.
func logChanges(log *slog.Logger, cfg config.Config) {
	for _, setting := range cfg.Changed() {
		log.Info(setting)
	}
	logNotes(log, cfg)
}

// logNotes logs what was concluded from the configuration, and what of it is probably not meant.
func logNotes(log *slog.Logger, cfg config.Config) {
	for _, note := range cfg.Notes {
		log.Info(note)
	}
	for _, warning := range slices.Concat(cfg.Warnings, strangeNames(os.Environ())) {
		log.Warn(warning)
	}
}

// strangeNames returns a warning of each variable of environ, which os.Environ returns, that looks like todod's and isn't.
func strangeNames(environ []string) (warnings []string) {
	var names []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	for _, name := range config.Unknown(names) {
		warnings = append(warnings, name+" is no variable of todod: a typo, or another program's")
	}
	return warnings
}

// rules returns what the configuration decides about tasks.
func rules(cfg config.Config) todo.Rules {
	return todo.Rules{
		Quota: cfg.MaxTasksPerUser, KeysRemembered: cfg.Retention.Keys, TrashRemembered: cfg.Retention.Trash,
		LogRemembered: cfg.Retention.Changes, Logged: cfg.MaxChangesPerUser, Keys: cfg.MaxKeysPerUser,
	}
}

// openStore opens the database that is configured.
func openStore(ctx context.Context, cfg config.Config, traces *observe.Traces, log *slog.Logger) (store, error) {
	if cfg.Database.Engine == config.SQLite {
		return sqlite.Open(ctx, cfg.Database.Path, sqliteTracer(traces)...)
	}
	c := postgresConfig(cfg, log)
	c.Tracer = pgxTracer(traces)
	return postgres.Open(c)
}

// postgresConfig returns how the PostgreSQL database that is configured is used.
func postgresConfig(cfg config.Config, log *slog.Logger) postgres.Config {
	db := cfg.Database
	return postgres.Config{
		URL: db.URL, DirectURL: db.DirectURL, PoolSize: db.PoolSize, PoolTimeout: db.PoolTimeout,
		BetterAuthFK: db.BetterAuthFK, Strict: cfg.Env.Strict(), Logger: observe.For(log, "todod.postgres"),
	}
}

// newHub returns the hub of event streams, which may have half of all connections, and an eighth those from one address: each
// has its connection for itself, and nobody else's request has room there.
func newHub(cfg config.Config, db store, log *slog.Logger) *event.Hub {
	connections := mostConnections(cfg, discard)
	c := event.Config{
		States: db.States, Key: db.SigningKey, Most: max(connections/2, 1), MostAt: max(connections/8, 1),
		Logger: observe.For(log, "todod.events"),
	}
	if cfg.Database.Engine != config.SQLite {
		c.URL = cfg.Database.DirectURL
	}
	return event.New(c)
}

// readsAtOnce returns how many reads of one person, and how many of event streams, may be under way at the same time. SQLite
// reads in this process: half of the processors are left for everybody else.
func readsAtOnce(cfg config.Config) int {
	if cfg.Database.Engine == config.SQLite {
		return max(1, min(turn.Reads, runtime.GOMAXPROCS(0)/2))
	}
	return turn.Reads
}

// newVerifier returns the verifier of tokens.
func newVerifier(cfg config.Config, traces *observe.Traces, log *slog.Logger) (*auth.Verifier, error) {
	a := cfg.Auth
	return auth.New(auth.Config{
		Secrets: secretBytes(a), JWKSURL: a.JWKSURL, Issuer: a.Issuer, Audience: a.Audience, AllowedAlgs: a.AllowedAlgs,
		RequireIssAud: a.RequireIssAud, AcceptSessionJWT: a.AcceptSessionJWT, MaxTokenBytes: a.MaxTokenBytes,
		Leeway: a.Leeway, Client: tracedClient(traces), Logger: observe.For(log, "todod.auth"),
	})
}

// startLine says to a person what is running where.
func startLine(cfg config.Config, at net.Addr) string {
	_, port, _ := net.SplitHostPort(at.String()) // not cfg.Port: that may be 0, any free one
	address := net.JoinHostPort(cfg.Host, port)
	return fmt.Sprintf("todod %s listens on %s, database %s, %s, docs at %s://%s/docs",
		version.Number(), address, cfg.Database, signInMode(cfg.Auth), scheme(cfg), reachable(address))
}

// scheme returns how URLs of a server begin that is configured like this.
func scheme(cfg config.Config) string {
	if cfg.TLS.On() {
		return "https"
	}
	return "http"
}

// reachable returns the address at which a client on this machine reaches a server that listens on address.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip == nil && host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
