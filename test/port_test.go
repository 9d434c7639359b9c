package test

import (
	"crypto/rand"
	"math/big"
	"net"
	"strconv"
	"testing"
)

// freePort returns a port of localhost that nobody listens on, below those that systems give to outgoing connections:
// so none of these takes it while its owner restarts.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(12_000))
		if err != nil {
			t.Fatal(err)
		}
		port := strconv.FormatInt(20_000+n.Int64(), 10)
		var config net.ListenConfig
		if l, err := config.Listen(t.Context(), "tcp", "localhost:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("found no free port")
	return ""
}
