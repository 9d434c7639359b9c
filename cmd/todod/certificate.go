package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"todod/internal/audit"
	"todod/internal/config"
	"todod/internal/observe"
)

// certificateCheck is how often the certificate's files are looked at, at most.
const certificateCheck = time.Second

// A certificate is what todod shows its clients, and what becomes of it when its files change. It is safe for concurrent
// use.
type certificate struct {
	files    config.TLS
	log      *slog.Logger
	security *slog.Logger
	now      func() time.Time

	pair atomic.Pointer[tls.Certificate]

	checking sync.Mutex // guards what follows
	checked  time.Time
	failure  string // what is wrong with the files now, "" if nothing is
}

// openCertificate reads the certificate that is configured, nil if there is none. The error is *config.Problems.
func openCertificate(files config.TLS, o observer) (*certificate, error) {
	if !files.On() {
		return nil, nil //nolint:nilnil // without a certificate there is no HTTPS
	}
	return newCertificate(files, time.Now, observe.For(o.log, "todod.http"), o.security)
}

// newCertificate reads the certificate that is configured. The error is *config.Problems.
func newCertificate(files config.TLS, now func() time.Time, log, security *slog.Logger) (*certificate, error) {
	pair, err := files.KeyPair()
	if err != nil {
		return nil, err
	}
	c := &certificate{files: files, log: log, security: security, now: now, checked: now()}
	c.pair.Store(&pair)
	return c, nil
}

// get returns the certificate for a new connection. Files that have changed are read then, so that nothing has to watch
// them, and however they were changed: written, renamed or linked anew. It is the signature of tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.checking.TryLock() { // one look is enough, and nobody waits for it but who looks
		if now := c.now(); now.Sub(c.checked) >= certificateCheck {
			c.checked = now
			c.reload()
		}
		c.checking.Unlock()
	}
	return c.pair.Load(), nil
}

// reload takes over what is in the files. A pair that can't be used leaves the old one in place and is told of once.
func (c *certificate) reload() {
	pair, err := c.files.KeyPair()
	if err != nil {
		if err.Error() != c.failure {
			c.failure = err.Error()
			c.log.Error("the new certificate can't be used; the old one stays", "error", c.failure)
		}
		return
	}
	c.failure = ""
	if !bytes.Equal(pair.Certificate[0], c.pair.Load().Certificate[0]) {
		audit.CertificateReloaded.Log(context.Background(), c.security, slog.Time("not_after", pair.Leaf.NotAfter.UTC()))
	}
	c.pair.Store(&pair)
}
