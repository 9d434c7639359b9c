package auth

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// UsableKeys asks the key server at url once, as a Verifier does, and returns how many of its keys verify tokens of one of
// these algorithms. None is no error: Better Auth makes its first key when it first needs one.
func UsableKeys(ctx context.Context, url string, algs []string) (n int, err error) {
	set, err := newJWKS(url, nil, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer set.close()
	keys, err := set.fetch(ctx)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if slices.ContainsFunc(key.algs, func(alg string) bool { return slices.Contains(algs, alg) }) {
			n++
		}
	}
	return n, nil
}
