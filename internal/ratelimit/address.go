package ratelimit

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// AddressKey returns the key under which a client address is counted: an IPv4 address by itself, an IPv6 address by its
// /64, since whoever has one address of a /64 has all of them. An address in both worlds (::ffff:192.0.2.1) is IPv4.
func AddressKey(a netip.Addr) string {
	a = a.Unmap()
	if !a.Is6() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// Networks returns the keys of the networks around a client address that one customer may have all of, from the smallest
// on: the /56 and the /48 of an IPv6 address (RFC 6177), none of IPv4.
func Networks(a netip.Addr) []string {
	a = a.Unmap()
	if !a.Is6() {
		return nil
	}
	return []string{netip.PrefixFrom(a, 56).Masked().String(), netip.PrefixFrom(a, 48).Masked().String()}
}

// ClientAddr returns the address a request comes from: the remote address, or, as long as that is a trusted proxy, the
// one that the proxy saw, which is the next X-Forwarded-For entry from the right. Entries further left were written by
// someone whom nobody trusts and count for nothing. An entry that is no address ends the walk at the one before it. The
// zero Addr means that the remote address itself is none.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	addr := ParseAddr(r.RemoteAddr)
	forwarded := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for forwarded != "" && IsTrusted(addr, trusted) {
		comma := strings.LastIndexByte(forwarded, ',')
		next := ParseAddr(strings.TrimSpace(forwarded[comma+1:]))
		if !next.IsValid() {
			break
		}
		addr, forwarded = next, forwarded[:max(comma, 0)]
	}
	return addr
}

// ClientScheme returns how a client sent a request: what a trusted proxy says in X-Forwarded-Proto, where the first of
// several is the client's, else https if it came to us so. "" is for not known: plain, but perhaps from a proxy that nobody
// has told us of. A client who forges it deceives themselves alone: it decides where they are sent and nothing else.
func ClientScheme(r *http.Request, trusted []netip.Prefix) string {
	if IsTrusted(ParseAddr(r.RemoteAddr), trusted) {
		first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
		switch first = strings.ToLower(strings.TrimSpace(first)); first {
		case "http", "https":
			return first
		}
	}
	if r.TLS != nil {
		return "https"
	}
	return ""
}

// ParseAddr reads an address with or without a port, without zone and IPv4 as such; the zero Addr if s is neither.
func ParseAddr(s string) netip.Addr {
	withPort, err := netip.ParseAddrPort(s) // first, as the remote address of each request is one
	addr := withPort.Addr()
	if err != nil {
		addr, _ = netip.ParseAddr(s)
	}
	return addr.Unmap().WithZone("")
}

// IsTrusted reports whether addr lies in one of the prefixes.
func IsTrusted(addr netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}
