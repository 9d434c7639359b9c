package ratelimit_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"todod/internal/ratelimit"
)

func TestAddressKey(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.7":           "203.0.113.7",
		"::ffff:203.0.113.7":    "203.0.113.7",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1":  "2001:db8:1:2::/64",
		"2001:db8:1:3::1":       "2001:db8:1:3::/64",
		"fe80::1%eth0":          "fe80::/64",
		"::1":                   "::/64",
		"64:ff9b::203.0.113.70": "64:ff9b::/64",
	} {
		if got := ratelimit.AddressKey(netip.MustParseAddr(addr)); got != want {
			t.Errorf("AddressKey(%s) = %s, want %s", addr, got, want)
		}
	}
	if got := ratelimit.AddressKey(netip.Addr{}); got == "" {
		t.Error("no address has an empty key")
	}
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		remote    string
		forwarded []string // one header line each
		want      string
	}{
		"no proxy":                          {"203.0.113.7:5000", nil, "203.0.113.7"},
		"a stranger forges the header":      {"203.0.113.7:5000", []string{"198.51.100.1"}, "203.0.113.7"},
		"one proxy":                         {"10.0.0.1:5000", []string{"203.0.113.7"}, "203.0.113.7"},
		"the client forges the first entry": {"10.0.0.1:5000", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"two proxies":                       {"10.0.0.1:5000", []string{"203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		"two lines":                         {"10.0.0.1:5000", []string{"198.51.100.1,203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		"all trusted":                       {"10.0.0.1:5000", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		"silent proxy":                      {"10.0.0.1:5000", nil, "10.0.0.1"},
		"garbage":                           {"10.0.0.1:5000", []string{"203.0.113.7, unknown, 10.0.0.2"}, "10.0.0.2"},
		"only garbage":                      {"10.0.0.1:5000", []string{"unknown"}, "10.0.0.1"},
		"empty entry":                       {"10.0.0.1:5000", []string{"203.0.113.7,,10.0.0.2"}, "10.0.0.2"},
		"with ports":                        {"10.0.0.1:5000", []string{"203.0.113.7:1234"}, "203.0.113.7"},
		"IPv6":                              {"[fd00::1]:5000", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6 with port":                    {"[fd00::1]:5000", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		"IPv4 in IPv6":                      {"[::ffff:10.0.0.1]:5000", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"zone":                              {"[fe80::1%eth0]:5000", nil, "fe80::1"},
		"unix socket":                       {"@", []string{"203.0.113.7"}, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: tc.remote, Header: http.Header{"X-Forwarded-For": tc.forwarded}}
			if got := ratelimit.ClientAddr(r, trusted).String(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestClientScheme(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	const proxy, stranger = "10.0.0.1:5000", "203.0.113.7:5000"
	for name, tc := range map[string]struct {
		remote    string
		tls       bool
		forwarded []string
		want      string
	}{
		"plain":                      {stranger, false, nil, ""},
		"TLS here":                   {stranger, true, nil, "https"},
		"a proxy with TLS":           {proxy, false, []string{"https"}, "https"},
		"a proxy without":            {proxy, false, []string{"http"}, "http"},
		"a proxy that encrypts anew": {proxy, true, []string{"http"}, "http"},
		"a silent proxy":             {proxy, false, nil, ""},
		"a silent proxy by TLS":      {proxy, true, nil, "https"},
		"several proxies":            {proxy, false, []string{" HTTPS , http"}, "https"},
		"an odd proxy":               {proxy, false, []string{"wss"}, ""},
		"a stranger who forges":      {stranger, false, []string{"https"}, ""},
		"a stranger by TLS":          {stranger, true, []string{"http"}, "https"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: tc.remote, Header: http.Header{"X-Forwarded-Proto": tc.forwarded}}
			if tc.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := ratelimit.ClientScheme(r, trusted); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzClientAddr(f *testing.F) {
	f.Add("10.0.0.1:1", "203.0.113.7, 10.0.0.2")
	f.Add("@", ",,")
	trusted := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := ratelimit.ClientAddr(r, trusted)
		if got.Is4In6() || got.Zone() != "" || strings.ContainsAny(ratelimit.AddressKey(got), "%\r\n") {
			t.Errorf("ClientAddr(%q, %q) = %v", remote, forwarded, got)
		}
	})
}
