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
	LogReaders   int        // how many event streams may read the log at the same time; 0: logReaders
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

	App bool // the web app is served: Accounts are todod's own
}

// API answers HTTP requests: what every request walks through is its edge, who may ask, and how often, its admission, and what
// is asked for its resources.
type API struct {
	*edge
	*admission
	*resources

	mux     routeMux
	huma    huma.API
	own     huma.API // of routes that are no part of the API; nobody is given its document
	handler http.Handler

	openAPI   func() []byte // as JSON, version 3.1; made when it is first asked for
	openAPI30 func() []byte // the same for tools that only read 3.0
}

// An edge is what every request walks through, whatever it asks for.
type edge struct {
	accessLog *slog.Logger
	metrics   *observe.Metrics
	traces    *observe.Traces
	now       func() time.Time
	proxies   []netip.Prefix
	https     HTTPS
	draining  atomic.Bool
}

// An admission lets those through who may ask, as often as they may, and tells operators of the others.
type admission struct {
	verifier *auth.Verifier
	tickets  *account.Tickets
	limits   Limits
	log      *slog.Logger
	security *slog.Logger
	metrics  *observe.Metrics
	now      func() time.Time
	refused  *tally // of refused tokens, by network
	limited  *tally // of requests that a limit refused, by policy and caller
	till     till   // for what is paid for when it is done
}

// resources are what is asked for.
type resources struct {
	*admission    // some cost more than is known at the door, or tell operators of what becomes of them
	tasks         *todo.Service
	streamed      *todo.Service // what event streams read
	accounts      account.Provider
	personalData  *account.PersonalData
	hub           *event.Hub
	logReaders    chan struct{} // has room for each stream that may read the log at the same time
	version       string
	app           bool // is served
	secureCookies bool // whatever is known of how a request came
	draining      *atomic.Bool
	ready         lastLook
}

// New returns the API. It panics if its routes contradict each other.
func New(cfg Config) *API {
	if cfg.Metrics == nil {
		cfg.Metrics = observe.NewMetrics(cfg.Version)
	}
	if cfg.Security == nil {
		cfg.Security = observe.For(cfg.Logger, "todod.security")
	}
	a := &API{edge: newEdge(cfg), admission: newAdmission(cfg), mux: routeMux{http.NewServeMux(), map[string]bool{}}}
	a.resources = newResources(cfg, a.admission, &a.edge.draining)
	a.huma = newHuma(a.mux, cfg.Version, a.noteMissing)
	a.huma.UseMiddleware(a.admit)
	a.own = newHuma(a.mux, cfg.Version, a.noteMissing)
	a.own.UseMiddleware(a.admit)
	a.routes()
	if cfg.App {
		a.appRoutes()
	}
	if cfg.MetricsRoute {
		a.mux.Handle("GET /metrics", a.scraped())
	}
	a.describe()
	a.handler = a.wrap(a.mux, cfg.AllowedOrigins, cfg.AllowedHeaders)
	return a
}

// newEdge returns the edge that cfg describes.
func newEdge(cfg Config) *edge {
	return &edge{
		accessLog: observe.For(cfg.Logger, observe.AccessLogger), metrics: cfg.Metrics, traces: cfg.Traces, now: cfg.Now,
		proxies: cfg.TrustedProxies, https: cfg.HTTPS,
	}
}

// newAdmission returns the admission that cfg describes.
func newAdmission(cfg Config) *admission {
	return &admission{
		verifier: cfg.Verifier, tickets: cfg.Tickets, limits: cfg.Limits, log: cfg.Logger, security: cfg.Security, metrics: cfg.Metrics,
		now: cfg.Now, refused: newTally(cfg.Now), limited: newTally(cfg.Now),
	}
}

// newResources returns the resources that cfg describes, behind an admission; they are not ready while draining.
func newResources(cfg Config, behind *admission, draining *atomic.Bool) *resources {
	return &resources{
		admission: behind, tasks: cfg.Tasks, streamed: cmp.Or(cfg.Streams, cfg.Tasks), accounts: cfg.Accounts,
		personalData: cfg.PersonalData, hub: cfg.Events, logReaders: make(chan struct{}, cmp.Or(cfg.LogReaders, logReaders)), version: cfg.Version, draining: draining,
		app: cfg.App, secureCookies: cfg.HTTPS.Required,
	}
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Drain makes readiness fail from now on, so that load balancers stop sending requests, and ends all event streams, whose
// clients connect elsewhere. All other requests are still answered.
func (a *API) Drain() {
	a.edge.draining.Store(true)
	a.hub.Stop()
}
