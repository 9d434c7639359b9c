package observe

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Buckets of durations in seconds. Alerts ask for 1 and 2 seconds; those above are there so that a quantile can be seen to
// exceed them.
var (
	requestBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10, 30}
	streamBuckets  = []float64{1, 10, 60, 300, 900, 3600, 4 * 3600}
)

// MethodOr returns the method of a request if it is one of HTTP's own, else other: it may be a word of the client's then, of
// any length.
func MethodOr(method, other string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return other
}

// requests counts requests and their durations. It is safe for concurrent use.
type requests struct {
	inFlight prometheus.Gauge
	answered *children[requestKey, answered]

	total     *prometheus.CounterVec
	durations *prometheus.HistogramVec
	streams   *prometheus.HistogramVec
	streaming map[string]bool // routes
}

// requestKey is what requests are told apart by.
type requestKey struct {
	route, method string
	status        int
}

// answered is what counts the requests of a requestKey.
type answered struct {
	total prometheus.Counter
	took  prometheus.Observer
}

// mostRequestKeys is far more than routes, methods and statuses there are.
const mostRequestKeys = 4096

// newRequests returns requests that r knows.
func newRequests(r *prometheus.Registry) *requests {
	q := &requests{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "todod_http_requests_in_flight", Help: "Requests that are being answered, event streams too.",
		}),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "todod_http_requests_total", Help: "Requests answered. A status of 499 is a client that has gone away.",
		}, []string{"route", "method", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "todod_http_request_duration_seconds", Help: "How long answers took, but for streams.", Buckets: requestBuckets,
		}, []string{"route", "method"}),
		streams: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "todod_http_stream_duration_seconds", Help: "How long answers lasted that are streams.", Buckets: streamBuckets,
		}, []string{"route", "method"}),
		streaming: map[string]bool{},
	}
	r.MustRegister(q.inFlight, q.total, q.durations, q.streams)
	q.answered = newChildren(mostRequestKeys, requestKey{otherValue, otherValue, 0}, q.make)
	return q
}

// make returns what counts the requests of k.
func (q *requests) make(k requestKey) answered {
	took := q.durations
	if q.streaming[k.route] {
		took = q.streams
	}
	return answered{
		total: q.total.WithLabelValues(k.route, k.method, strconv.Itoa(k.status)),
		took:  took.WithLabelValues(k.route, k.method),
	}
}

// Streaming says that a route answers with streams, whose durations stand apart. It must be called before one is answered.
func (m *Metrics) Streaming(route string) { m.requests.streaming[route] = true }

// Begun counts a request that is being answered from now on. Answered must follow.
func (m *Metrics) Begun() { m.requests.inFlight.Inc() }

// Answered counts a request that has Begun and was answered. route is the pattern of its route, never its path.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	m.requests.inFlight.Dec()
	child := m.requests.answered.of(requestKey{route, MethodOr(method, otherValue), status})
	child.total.Inc()
	child.took.Observe(took.Seconds())
}
