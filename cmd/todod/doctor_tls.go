package main

import (
	"crypto/x509"
	"os"
	"runtime"
	"strings"
	"time"

	"todod/internal/config"
)

// expiresSoon is how long before its end a certificate should have been renewed.
const expiresSoon = 14 * 24 * time.Hour

// renewal says what to do about a certificate that ends.
const renewal = "renew it; todod takes the new files by itself"

// examineTLS reports on the certificate that todod shows, if it serves HTTPS by itself.
func (r *report) examineTLS(files config.TLS, now time.Time) {
	r.check = "certificate"
	if !files.On() {
		return
	}
	pair, err := files.KeyPair()
	if err != nil {
		r.say("fail", "%v", err)
		return
	}
	leaf := pair.Leaf
	left := leaf.NotAfter.Sub(now)
	switch {
	case left <= 0:
		r.advise("fail", renewal, "the certificate in TLS_CERT_FILE is no longer good since %s", day(leaf.NotAfter))
	case leaf.NotBefore.After(now):
		r.say("fail", "the certificate in TLS_CERT_FILE is not good until %s: is this machine's clock right?", leaf.NotBefore.UTC().Format(time.RFC3339))
	case left < expiresSoon:
		r.advise("warn", renewal, "the certificate in TLS_CERT_FILE is good until %s only", day(leaf.NotAfter))
	default:
		r.say("ok", "HTTPS for %s until %s", names(leaf), day(leaf.NotAfter))
	}
	if info, err := os.Stat(files.KeyFile); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		r.advise("warn", "chmod o= it", "everybody on this machine may read TLS_KEY_FILE (%s)", info.Mode().Perm())
	}
}

// day writes the day of an instant.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// names returns what a certificate is for.
func names(c *x509.Certificate) string {
	all := c.DNSNames
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name, which browsers refuse,"
	}
	return strings.Join(all, ", ")
}
