package observe

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// Access is what the log says about one request that was answered.
type Access struct {
	RequestID     string
	CorrelationID string
	UserID        string // "" when nobody was signed in
	Endpoint      string // the route's pattern, never the path
	Method        string
	Client        netip.Addr // the log has its network only; the zero Addr leaves it out
	Reason        string     // why the request was refused; "" leaves it out
	Stack         string     // of a failure; "" leaves it out
	Status        int
	Duration      time.Duration
}

// Log logs a to logger, which is of the name AccessLogger. A terminal gets what a person wants to see of it. A line of JSON
// with nothing special in it, as there is one for almost every request, is appended by hand: attributes and their handler
// would cost more than all else that a small request needs.
func (a *Access) Log(ctx context.Context, logger *slog.Logger, level slog.Level) {
	if !logger.Enabled(ctx, level) {
		return
	}
	h, ok := logger.Handler().(*handler)
	if ok && h.out.terminal && len(h.steps) == 0 {
		_, _ = io.WriteString(h.out, a.terminalLine(time.Now(), h.out.colours)) // there is no one to tell
		return
	}
	if !ok || !h.mayWait(level) || !h.plainJSON() || !a.plain() {
		logger.LogAttrs(ctx, level, accessMessage, a.Attrs()...)
		return
	}
	line, _ := accessLines.Get().(*[]byte)
	*line = a.appendLine((*line)[:0], time.Now(), level)
	_, _ = h.out.Write(*line) // whoever asked has been answered; there is no one to tell
	accessLines.Put(line)
}

// accessLines are buffers for lines that are appended by hand. These are short: what makes a line long is not plain.
var accessLines = sync.Pool{New: func() any { return new([]byte) }}

// accessMessage is the message of every line about a request.
const accessMessage = "request"

// plain reports whether a's line needs neither escapes nor scrubbing, and has none of the attributes that are rare.
func (a *Access) plain() bool {
	return a.Reason == "" && a.Stack == "" && !hasAt(a.UserID) &&
		plain(a.UserID) && plain(a.RequestID) && plain(a.CorrelationID) && plain(a.Endpoint) && plain(a.Method)
}

// plain reports whether s is visible ASCII and spaces, none of which JSON escapes.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendLine appends the line that a logger of JSON writes of a, which must be plain.
func (a *Access) appendLine(dst []byte, at time.Time, level slog.Level) []byte {
	text := func(key, value string) { dst = append(append(append(dst, key...), value...), '"') }
	dst = at.UTC().AppendFormat(append(dst, `{"timestamp":"`...), timeLayout)
	text(`","level":"`, levelName(level))
	text(`,"logger":"`, AccessLogger)
	text(`,"message":"`, accessMessage)
	text(`,"request_id":"`, a.RequestID)
	if a.UserID == "" {
		dst = append(dst, `,"user_id":null`...)
	} else {
		text(`,"user_id":"`, a.UserID)
	}
	text(`,"endpoint":"`, a.Endpoint)
	text(`,"method":"`, a.Method)
	dst = strconv.AppendInt(append(dst, `,"status_code":`...), int64(a.Status), 10)
	dst = strconv.AppendFloat(append(dst, `,"duration_ms":`...), a.milliseconds(), 'f', -1, 64)
	text(`,"correlation_id":"`, a.CorrelationID)
	if network, ok := networkOf(a.Client); ok {
		dst = append(network.AppendTo(append(dst, `,"client_ip":"`...)), '"')
	}
	return append(dst, '}', '\n')
}

// milliseconds returns the duration in milliseconds, to the microsecond.
func (a *Access) milliseconds() float64 {
	return float64(a.Duration.Round(time.Microsecond).Microseconds()) / 1000
}

// Attrs returns a as the attributes of a record, in the order of our log.
func (a *Access) Attrs() []slog.Attr {
	user := slog.Any("user_id", nil)
	if a.UserID != "" {
		user = slog.String("user_id", a.UserID)
	}
	attrs := []slog.Attr{
		slog.String("request_id", a.RequestID),
		user,
		slog.String("endpoint", a.Endpoint),
		slog.String("method", a.Method),
		slog.Int("status_code", a.Status),
		slog.Float64("duration_ms", a.milliseconds()),
		slog.String("correlation_id", a.CorrelationID),
	}
	if ip := AnonymiseAddr(a.Client); ip != "" {
		attrs = append(attrs, slog.String("client_ip", ip))
	}
	if a.Reason != "" {
		attrs = append(attrs, slog.String("reason", Anonymise(a.Reason)))
	}
	if a.Stack != "" {
		attrs = append(attrs, slog.String("stack", a.Stack))
	}
	return attrs
}

// AnonymiseAddr returns the network that a lies in, as an address: the /24 of an IPv4 address, the /48 of an IPv6
// address, "" of none.
func AnonymiseAddr(a netip.Addr) string {
	if network, ok := networkOf(a); ok {
		return network.String()
	}
	return ""
}

// networkOf returns the network that a lies in as AnonymiseAddr has it, false for that of no address.
func networkOf(a netip.Addr) (netip.Addr, bool) {
	a = a.Unmap()
	bits := 48
	if a.Is4() {
		bits = 24
	}
	network, err := a.WithZone("").Prefix(bits)
	return network.Addr(), err == nil && a.IsValid()
}
