// Package httpapi is todod as the web sees it: routes, wire types, and the one table from errors to statuses.
package httpapi

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/event"
	"todod/internal/observe"
	"todod/internal/todo"
)

// Config is what the API is made of.
type Config struct {
	Tasks        *todo.Service
	Streams      *todo.Service // the same for event streams, which wait for nobody's turn; nil: Tasks
	Accounts     account.Provider
	PersonalData *account.PersonalData // over the same provider
	Tickets      *account.Tickets
	Events       *event.Hub // whom Drain stops
	Verifier     *auth.Verifier
	Limits       Limits
	Logger       *slog.Logger
	Security     *slog.Logger // hears of the events of package audit; nil: todod.security of Logger
	Now          func() time.Time
	Version      string // of the program

	Metrics      *observe.Metrics // nil: of its own, for nobody
	MetricsRoute bool             // GET /metrics is a route of the API
	Traces       *observe.Traces  // nil: none

	AllowedOrigins []string       // of browsers; "*" is any
	AllowedHeaders []string       // that their pages may send besides those that todod itself looks at
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto count
	HTTPS          HTTPS
}

// API answers HTTP requests.
type API struct {
	tasks        *todo.Service
	streamed     *todo.Service // what event streams read
	accounts     account.Provider
	personalData *account.PersonalData
	tickets      *account.Tickets
	hub          *event.Hub
	logReaders   chan struct{} // has room for each stream that may read the log at the same time
	verifier     *auth.Verifier
	limits       Limits
	log          *slog.Logger
	accessLog    *slog.Logger
	security     *slog.Logger
	refused      *tally // of refused tokens, by network
	limited      *tally // of requests that a limit refused, by policy and caller
	now          func() time.Time
	version      string
	proxies      []netip.Prefix
	https        HTTPS
	metrics      *observe.Metrics
	traces       *observe.Traces

	mux      routeMux
	huma     huma.API
	handler  http.Handler
	draining atomic.Bool
	ready    lastLook

	openAPI   func() []byte // as JSON, version 3.1
	openAPI30 func() []byte // the same for tools that only read 3.0
}

// New returns the API. It panics if its routes contradict each other.
func New(cfg Config) *API {
	a := &API{
		tasks: cfg.Tasks, streamed: cmp.Or(cfg.Streams, cfg.Tasks), accounts: cfg.Accounts, personalData: cfg.PersonalData, tickets: cfg.Tickets, hub: cfg.Events,
		logReaders: make(chan struct{}, logReaders), verifier: cfg.Verifier, limits: cfg.Limits, now: cfg.Now, version: cfg.Version,
		log: cfg.Logger, accessLog: observe.For(cfg.Logger, observe.AccessLogger),
		security: cfg.Security, refused: newTally(cfg.Now), limited: newTally(cfg.Now), proxies: cfg.TrustedProxies,
		https: cfg.HTTPS, mux: routeMux{http.NewServeMux(), map[string]bool{}}, metrics: cfg.Metrics, traces: cfg.Traces,
	}
	if a.metrics == nil {
		a.metrics = observe.NewMetrics(a.version)
	}
	if a.security == nil {
		a.security = observe.For(cfg.Logger, "todod.security")
	}
	a.huma = newHuma(a.mux, a.version, a.noteMissing)
	a.huma.UseMiddleware(a.admit)
	a.routes()
	if cfg.MetricsRoute {
		a.mux.Handle("GET /metrics", a.scraped())
	}
	a.describe()
	a.handler = a.wrap(a.mux, cfg.AllowedOrigins, cfg.AllowedHeaders)
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Drain makes readiness fail from now on, so that load balancers stop sending requests, and ends all event streams, whose
// clients connect elsewhere. All other requests are still answered.
func (a *API) Drain() {
	a.draining.Store(true)
	a.hub.Stop()
}
