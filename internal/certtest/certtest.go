// Package certtest makes certificates for tests.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A KeyPair is a certificate for todo.example.com that signs itself, and its key, as PEM.
type KeyPair struct{ Cert, Key []byte }

// New makes one with this serial number.
func New(t testing.TB, serial int64) KeyPair {
	t.Helper()
	return NewFor(t, serial, -time.Hour, time.Hour)
}

// NewFor makes one that is good from a while from now until another.
func NewFor(t testing.TB, serial int64, from, until time.Duration) KeyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "todo.example.com"}, DNSNames: []string{"todo.example.com"},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return KeyPair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

// Put writes the files of k into a folder: cert.pem and key.pem.
func (k KeyPair) Put(t testing.TB, folder string) {
	t.Helper()
	for name, text := range map[string][]byte{"cert.pem": k.Cert, "key.pem": k.Key} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
