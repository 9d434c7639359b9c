package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Watched is what metrics ask for when they are scraped. What is nil isn't shown.
type Watched struct {
	Pools      func() []Pool
	DatabaseUp func() bool // may take a second
	Streams    func() int  // event streams open
	Listening  func() bool // whether other processes are heard, if there can be any
	Shared     func() bool // whether rate limits are shared with other processes just now, if they shall be
}

// Pool is the state of a pool of database connections.
type Pool struct {
	Name             string
	Max, InUse, Idle int
	Waits            int64         // for a connection, ever since the start
	Waited           time.Duration // all of them together
	Canceled         int64         // waits that were given up; -1 if nobody counts them
}

// Watch has w asked at every scrape from now on.
func (m *Metrics) Watch(w Watched) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	if w.Pools != nil {
		m.registry.MustRegister(poolCollector{w.Pools})
	}
	if w.DatabaseUp != nil {
		gauge("todod_database_up", "1 if the database answers and its schema is current, as readiness looks at it.",
			func() float64 { return oneIf(w.DatabaseUp()) })
	}
	if w.Streams != nil {
		gauge("todod_event_streams", "Event streams open.", func() float64 { return float64(w.Streams()) })
	}
	if w.Shared != nil {
		gauge("todod_limiter_shared", "1 while replicas share their rate limits, 0 while this one counts for itself (with REDIS_URL).",
			func() float64 { return oneIf(w.Shared()) })
	}
	if w.Listening != nil {
		gauge("todod_event_listening", "1 while changes made by other processes are heard of at once. Nobody listens without a stream.",
			func() float64 { return oneIf(w.Listening()) })
	}
}

// What is said about pools.
var (
	poolMax      = poolDesc("max_connections", "Connections that the pool may have.")
	poolInUse    = poolDesc("in_use_connections", "Connections in use.")
	poolIdle     = poolDesc("idle_connections", "Connections that nobody uses.")
	poolWaits    = poolDesc("waits_total", "Operations that had to wait for a connection.")
	poolWaited   = poolDesc("wait_seconds_total", "How long operations waited for a connection, all together.")
	poolCanceled = poolDesc("canceled_waits_total", "Operations that gave up waiting for a connection (PostgreSQL).")
)

// poolDesc describes a metric of pools.
func poolDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("todod_database_pool_"+name, help, []string{"pool"}, nil)
}

// poolCollector is a prometheus.Collector of pools.
type poolCollector struct{ pools func() []Pool }

// Describe implements prometheus.Collector.
func (poolCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolMax, poolInUse, poolIdle, poolWaits, poolWaited, poolCanceled} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c poolCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, p := range c.pools() {
		send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64) {
			metrics <- prometheus.MustNewConstMetric(d, kind, value, p.Name)
		}
		send(poolMax, prometheus.GaugeValue, float64(p.Max))
		send(poolInUse, prometheus.GaugeValue, float64(p.InUse))
		send(poolIdle, prometheus.GaugeValue, float64(p.Idle))
		send(poolWaits, prometheus.CounterValue, float64(p.Waits))
		send(poolWaited, prometheus.CounterValue, p.Waited.Seconds())
		if p.Canceled >= 0 {
			send(poolCanceled, prometheus.CounterValue, float64(p.Canceled))
		}
	}
}

// activeDesc describes the number of active users.
var activeDesc = prometheus.NewDesc("todod_active_users",
	"Different users with a good token in the last minutes, estimated to some percent.", []string{"window"}, nil)

// activeCollector is a prometheus.Collector of active users.
type activeCollector struct{ users *activeUsers }

// Describe implements prometheus.Collector.
func (activeCollector) Describe(descs chan<- *prometheus.Desc) { descs <- activeDesc }

// Collect implements prometheus.Collector.
func (c activeCollector) Collect(metrics chan<- prometheus.Metric) {
	for window, minutes := range map[string]int64{"5m": 5, "15m": activeMinutes} {
		metrics <- prometheus.MustNewConstMetric(activeDesc, prometheus.GaugeValue, c.users.within(minutes), window)
	}
}
