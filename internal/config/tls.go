package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// On reports whether todod serves HTTPS by itself.
func (t TLS) On() bool { return t.CertFile != "" && t.KeyFile != "" }

// KeyPair reads the certificate and its key. The error is *Problems; it shows neither what the variables nor what the files
// hold, as somebody may have put a key where its path belongs. Only who serves needs the pair, so Load doesn't read it.
func (t TLS) KeyPair() (tls.Certificate, error) {
	var problems []error
	read := func(name, path string) []byte {
		text, err := os.ReadFile(path) //nolint:gosec // reading the file that the operator names is the purpose
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			problems = append(problems, fmt.Errorf("%s must name a file that can be read: %w", name, failed.Err))
		}
		return text
	}
	cert, key := read("TLS_CERT_FILE", t.CertFile), read("TLS_KEY_FILE", t.KeyFile)
	if problems != nil {
		return tls.Certificate{}, &Problems{problems}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, &Problems{[]error{fmt.Errorf("TLS_CERT_FILE and TLS_KEY_FILE must name a certificate and its key: %w", err)}}
	}
	return pair, nil
}

// checkTLS rejects a certificate without its key, a key without its certificate, and a redirect to what isn't there.
func (l *loader) checkTLS() {
	t := l.config.TLS
	switch {
	case t.CertFile == "" && t.KeyFile != "":
		l.reject("TLS_KEY_FILE")
	case t.CertFile != "" && t.KeyFile == "":
		l.reject("TLS_CERT_FILE")
	}
	if l.values["TLS_REDIRECT_PORT"] != "" && !l.faulty["TLS_REDIRECT_PORT"] &&
		(!t.On() || t.RedirectPort == 0 || t.RedirectPort == l.config.Port) {
		l.reject("TLS_REDIRECT_PORT")
	}
}
