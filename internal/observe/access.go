package observe

import (
	"log/slog"
	"net/netip"
	"time"
)

// Access is what the log says about one request that was answered.
type Access struct {
	RequestID     string
	CorrelationID string
	UserID        string // "" when nobody was signed in
	Endpoint      string // the route's pattern, never the path
	Method        string
	ClientIP      string // anonymised; "" leaves it out
	Reason        string // why the request was refused; "" leaves it out
	Status        int
	Duration      time.Duration
}

// Attrs returns a as the attributes of a record, in the order of our log. The duration is in milliseconds, to the
// microsecond.
func (a Access) Attrs() []slog.Attr {
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
		slog.Float64("duration_ms", float64(a.Duration.Round(time.Microsecond).Microseconds())/1000),
		slog.String("correlation_id", a.CorrelationID),
	}
	if a.ClientIP != "" {
		attrs = append(attrs, slog.String("client_ip", a.ClientIP))
	}
	if a.Reason != "" {
		attrs = append(attrs, slog.String("reason", a.Reason))
	}
	return attrs
}

// AnonymiseAddr returns the network that a lies in, as an address: the /24 of an IPv4 address, the /48 of an IPv6
// address, "" of none.
func AnonymiseAddr(a netip.Addr) string {
	a = a.Unmap()
	bits := 48
	if a.Is4() {
		bits = 24
	}
	network, err := a.WithZone("").Prefix(bits)
	if err != nil || !a.IsValid() {
		return ""
	}
	return network.Addr().String()
}
