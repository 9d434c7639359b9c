package redisurl

import "testing"

func TestParse(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Server{
		"redis://":                          {Network: "tcp", Address: "localhost:6379"},
		"redis://cache":                     {Network: "tcp", Address: "cache:6379"},
		"redis://cache:7000/":               {Network: "tcp", Address: "cache:7000"},
		"redis://[::1]:7000/3":              {Network: "tcp", Address: "[::1]:7000", Database: 3},
		"redis://[::1]":                     {Network: "tcp", Address: "[::1]:6379"},
		"redis://:p%40ss%2Fword@cache/2":    {Network: "tcp", Address: "cache:6379", Password: "p@ss/word", Database: 2},
		"rediss://ada:secret@cache:6380":    {Network: "tcp", Address: "cache:6380", TLS: true, Username: "ada", Password: "secret"},
		"rediss://cache?skip_verify=true":   {Network: "tcp", Address: "cache:6379", TLS: true, Insecure: true},
		"redis://cache?db=4&pool_size=7":    {Network: "tcp", Address: "cache:6379", Database: 4, PoolSize: 7},
		"redis://cache?protocol=3":          {Network: "tcp", Address: "cache:6379"},
		"unix:///run/redis.sock":            {Network: "unix", Address: "/run/redis.sock"},
		"unix://a:b@/run/redis.sock?db=4":   {Network: "unix", Address: "/run/redis.sock", Username: "a", Password: "b", Database: 4},
		"redis://ada@cache?read_timeout=1s": {Network: "tcp", Address: "cache:6379", Username: "ada"},
	} {
		if got, ok := Parse(raw); !ok || got != want {
			t.Errorf("%s: %+v, %v, want %+v", raw, got, ok, want)
		}
	}
	for _, raw := range []string{
		"", "cache:6379", "http://cache", "redis:cache", "redis://:hunter2@cache:port", "redis://cache/x", "redis://cache/-1", "redis://cache/1/2",
		"unix://", "redis://cache?skip_verify=true", "rediss://cache?skip_verify=maybe", "redis://cache?db=x", "redis://cache?pol_size=3",
		"redis://cache/99999999999", "redis://cache#x", "redis://cache?a;b",
	} {
		if got, ok := Parse(raw); ok {
			t.Errorf("%s: %+v", raw, got)
		}
	}
}
