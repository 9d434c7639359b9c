package config

import (
	"errors"
	"strings"
	"testing"
)

func TestACertificateNeedsItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vars with
		want string
	}{
		"no key":         {with{"TLS_CERT_FILE": "/c"}, "TLS_CERT_FILE must be set together with TLS_KEY_FILE"},
		"no certificate": {with{"TLS_KEY_FILE": "/k"}, "TLS_KEY_FILE must be set together with TLS_CERT_FILE"},
		"no TLS":         {with{"TLS_REDIRECT_PORT": "80"}, "TLS_REDIRECT_PORT must be a number"},
		"one port":       {with{"TLS_CERT_FILE": "/c", "TLS_KEY_FILE": "/k", "TLS_REDIRECT_PORT": "8000"}, "TLS_REDIRECT_PORT must be a number"},
		"any port":       {with{"TLS_CERT_FILE": "/c", "TLS_KEY_FILE": "/k", "TLS_REDIRECT_PORT": "0"}, "TLS_REDIRECT_PORT must be a number"},
		"no port":        {with{"TLS_CERT_FILE": "/c", "TLS_KEY_FILE": "/k", "TLS_REDIRECT_PORT": "x"}, "TLS_REDIRECT_PORT must be a number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantOne(t, problems(t, c.vars), c.want)
		})
	}
	if mustLoad(t, nil).TLS.On() || !mustLoad(t, with{"TLS_CERT_FILE": "/c", "TLS_KEY_FILE": "/k"}).TLS.On() {
		t.Error("TLS is on with a certificate and its key, and else not")
	}
}

func TestAPairThatCannotBeReadIsAProblemOfTheConfiguration(t *testing.T) {
	t.Parallel()
	garbage := write(t, "key.pem", "hunter2")
	for want, pair := range map[string]TLS{
		"TLS_CERT_FILE and TLS_KEY_FILE must name a certificate and its key: ": {CertFile: garbage, KeyFile: garbage},
		"TLS_CERT_FILE must name a file that can be read: ":                    {CertFile: "hunter2", KeyFile: garbage},
		"TLS_KEY_FILE must name a file that can be read: ":                     {CertFile: garbage, KeyFile: strings.Repeat("hunter2", 1000)},
	} {
		_, err := pair.KeyPair()
		if problems, ok := errors.AsType[*Problems](err); !ok {
			t.Errorf("%v", err)
		} else {
			wantOne(t, strings.Split(problems.Error(), "\n"), want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}
