package observe

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// RefusedBurst is the security event of many refused tokens from one address, which an alert waits for.
const RefusedBurst = "auth.token_refused_burst"

// mostValues is how many values a label may take that this package doesn't know beforehand. All further ones count as
// otherValue.
const mostValues = 64

// otherValue is the value of a label that stands for all that it doesn't tell apart.
const otherValue = "other"

// Metrics counts what todod does, for Prometheus. It has a registry of its own. No label says who somebody is: not their
// id, not their address. docs/metrics.md lists every metric. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *requests
	active   *activeUsers

	accepted, refused *children[string, prometheus.Counter]
	undecided         prometheus.Counter
	events            *children[string, prometheus.Counter]
	limits            *children[limitKey, prometheus.Counter]
	sweeps, swept     *children[string, prometheus.Counter]
}

// limitKey is a decision of the limiter.
type limitKey struct{ policy, outcome string }

// NewMetrics returns Metrics of a program of this version in which nothing has happened yet.
func NewMetrics(version string) *Metrics {
	r := prometheus.NewRegistry()
	m := &Metrics{
		registry: r, requests: newRequests(r), active: newActiveUsers(time.Now),
		accepted: counters(r, "todod_tokens_accepted_total", "Tokens found good: remembered from less than a minute ago, or verified.", "by"),
		refused:  counters(r, "todod_tokens_refused_total", "Requests refused for their token or for having none, by the reason in the log.", "reason"),
		undecided: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "todod_tokens_undecided_total",
			Help: "Tokens that could be neither accepted nor refused, because the key server was away.",
		}),
		events: counters(r, "todod_security_events_total", "Security events, by the name they have in the log.", "event"),
		sweeps: counters(r, "todod_sweeps_total", "Attempts to remove what is no longer kept.", "outcome"),
		swept:  counters(r, "todod_swept_total", "What was removed because it is no longer kept.", "kind"),
	}
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "todod_limiter_decisions_total", Help: "Decisions of the rate limiter, by policy.",
	}, []string{"policy", "outcome"})
	r.MustRegister(decisions)
	m.limits = newChildren(mostValues, limitKey{otherValue, otherValue}, func(k limitKey) prometheus.Counter {
		return decisions.WithLabelValues(k.policy, k.outcome)
	})
	r.MustRegister(m.undecided, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), activeCollector{m.active})
	m.constant("todod_build_info", "The program, always 1.", 1, prometheus.Labels{"version": version, "goversion": runtime.Version()})
	if limit := memoryLimit(); limit > 0 {
		m.constant("todod_memory_limit_bytes", "The memory that the process may take: the least of GOMEMLIMIT, the cgroup's limit and the machine's memory.", float64(limit), nil)
	}
	m.begin()
	return m
}

// begin counts nothing of what is to be seen before it happens for the first time: a rate needs a zero to begin at.
func (m *Metrics) begin() {
	m.events.of(RefusedBurst)
	for _, by := range []string{byMemory, byProof} {
		m.accepted.of(by)
	}
	for _, outcome := range []string{outcomeOK, outcomeFailed} {
		m.sweeps.of(outcome)
	}
	for _, kind := range []string{sweptTasks, sweptOthers} {
		m.swept.of(kind)
	}
}

// counters returns the counters of a metric with one label, by its values.
func counters(r *prometheus.Registry, name, help, label string) *children[string, prometheus.Counter] {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	r.MustRegister(vec)
	return newChildren(mostValues, otherValue, func(value string) prometheus.Counter { return vec.WithLabelValues(value) })
}

// constant registers a gauge that never changes.
func (m *Metrics) constant(name, help string, value float64, labels prometheus.Labels) {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels})
	gauge.Set(value)
	m.registry.MustRegister(gauge)
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// The values of labels that are known beforehand.
const (
	byMemory, byProof        = "remembered", "verified"
	outcomeOK, outcomeFailed = "ok", "failed"
	sweptTasks, sweptOthers  = "tasks", "others"
	allowed, limited, broken = "allowed", "refused", "failed"
)

// Remembered counts a token that was found good before.
func (m *Metrics) Remembered() { m.accepted.of(byMemory).Inc() }

// Verified counts a token that was found good by its signature and claims.
func (m *Metrics) Verified() { m.accepted.of(byProof).Inc() }

// Refused counts a request without a good token. The reason must be one of a finite number that no caller can choose.
func (m *Metrics) Refused(reason string) { m.refused.of(reason).Inc() }

// Undecided counts a token that nothing could be found out about, because the key server was away.
func (m *Metrics) Undecided() { m.undecided.Inc() }

// SecurityEvent counts an event of this name, which must be one of a finite number.
func (m *Metrics) SecurityEvent(name string) { m.events.of(name).Inc() }

// Limited counts a decision of the rate limiter under a policy.
func (m *Metrics) Limited(policy string, passes bool) {
	outcome := limited
	if passes {
		outcome = allowed
	}
	m.limits.of(limitKey{policy, outcome}).Inc()
}

// LimiterFailed counts a request that the rate limiter could not decide, under a policy.
func (m *Metrics) LimiterFailed(policy string) { m.limits.of(limitKey{policy, broken}).Inc() }

// Active notes that a user was there.
func (m *Metrics) Active(user string) { m.active.saw(user) }

// Swept counts an attempt to remove what is no longer kept, and what it removed: tasks, and rows of other kinds.
func (m *Metrics) Swept(tasks, others int, err error) {
	outcome := outcomeOK
	if err != nil {
		outcome = outcomeFailed
	}
	m.sweeps.of(outcome).Inc()
	m.swept.of(sweptTasks).Add(float64(tasks))
	m.swept.of(sweptOthers).Add(float64(others))
}

// oneIf returns 1 if yes, else 0.
func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
