package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"todod/internal/audit"
)

// certificateCheck is how often the certificate's files are looked at, at most.
const certificateCheck = time.Second

// A Certificate is what todod shows its clients, and what becomes of it when its files change. It is safe for concurrent
// use.
type Certificate struct {
	read     func() (tls.Certificate, error)
	log      *slog.Logger
	security *slog.Logger
	now      func() time.Time

	pair atomic.Pointer[tls.Certificate]

	checking sync.Mutex // guards what follows
	checked  time.Time
	failure  string // what is wrong with the files now, "" if nothing is
}

// NewCertificate returns the certificate that read reads, now and again. log is told of one that can't be used, security of
// one that takes the place of another. The error is that of read.
func NewCertificate(
	read func() (tls.Certificate, error), now func() time.Time, log, security *slog.Logger,
) (*Certificate, error) {
	pair, err := read()
	if err != nil {
		return nil, err
	}
	c := &Certificate{read: read, log: log, security: security, now: now, checked: now()}
	c.pair.Store(&pair)
	return c, nil
}

// get returns the certificate for a new connection. Files that have changed are read then, so that nothing has to watch
// them, and however they were changed: written, renamed or linked anew. It is the signature of tls.Config.GetCertificate.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
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
func (c *Certificate) reload() {
	pair, err := c.read()
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
