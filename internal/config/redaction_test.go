package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestPastedDatabaseURLs: what the pages of hosts and the manuals of other clients give to copy works, and what of it means
// nothing to todod is said.
func TestPastedDatabaseURLs(t *testing.T) {
	t.Parallel()
	const pooler = "postgres.abcdefgh:pw@aws-0-eu-central-1.pooler.supabase.com"
	for _, c := range []struct{ name, raw, want, dropped string }{
		{"Prisma", "postgresql://u:pw@h:5432/d?schema=public&connection_limit=5&pool_timeout=2&pgbouncer=true&socket_timeout=3&sslaccept=strict",
			"postgres://u:pw@h:5432/d", "schema, connection_limit, pool_timeout, pgbouncer, socket_timeout, sslaccept"},
		{"asyncpg", "postgresql+asyncpg://u:pw@h/d?ssl=require&prepared_statement_cache_size=0&statement_cache_size=0&command_timeout=60",
			"postgres://u:pw@h/d?sslmode=require", "prepared_statement_cache_size, statement_cache_size, command_timeout"},
		{"psycopg", "postgresql+psycopg://u:pw@h/d?keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=5&gssencmode=disable&connect_timeout=10&application_name=x",
			"postgres://u:pw@h/d?connect_timeout=10&application_name=x", "keepalives, keepalives_idle, keepalives_interval, keepalives_count, gssencmode"},
		{"psycopg2 with a client encoding", "postgresql+psycopg2://u:pw@h/d?client_encoding=utf8", "postgres://u:pw@h/d", "client_encoding"},
		{"SQLAlchemy", "postgresql+psycopg2://u:pw@h/d?pool_size=5&max_overflow=10&pool_pre_ping=true", "postgres://u:pw@h/d", "pool_size, max_overflow, pool_pre_ping"},
		{"Supabase, transactions", "postgresql://" + pooler + ":6543/postgres?pgbouncer=true", "postgres://" + pooler + ":6543/postgres", "pgbouncer"},
		{"Supabase for Vercel", "postgres://" + pooler + ":6543/postgres?sslmode=require&supa=base-pooler.x",
			"postgres://" + pooler + ":6543/postgres?sslmode=require", "supa"},
		{"Neon", "postgresql://u:pw@ep-x.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
			"postgres://u:pw@ep-x.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require", ""},
		{"Neon without SNI", "postgres://u:pw@ep-x.eu-central-1.aws.neon.tech/neondb?options=endpoint%3Dep-x&sslmode=require&connect_timeout=15",
			"postgres://u:pw@ep-x.eu-central-1.aws.neon.tech/neondb?options=endpoint%3Dep-x&sslmode=require&connect_timeout=15", ""},
		{"node-postgres", "postgres://u:pw@h/d?sslmode=no-verify&uselibpqcompat=true", "postgres://u:pw@h/d?sslmode=require", "uselibpqcompat"},
		{"Heroku's ssl", "postgres://u:pw@h/d?ssl=true", "postgres://u:pw@h/d?sslmode=require", ""},
		{"JDBC's", "postgresql://h/d?user=u&password=pw&ssl=false&currentSchema=x", "postgres://h/d?user=u&password=pw&sslmode=disable", "currentSchema"},
		{"pgx", "postgres://u:pw@h/d?pool_max_conns=5&statement_timeout=5s", "postgres://u:pw@h/d?statement_timeout=5s", "pool_max_conns"},
		{"white space around it", " postgres://u:pw@h/d\t", "", ""}, // refused: a tab is a control character
		{"a blank around it", " postgres://u:pw@h/d ", "postgres://u:pw@h/d", ""},
	} {
		cfg, err := loadWith(t, with{"DATABASE_URL": c.raw})
		if (err == nil) != (c.want != "") || cfg.Database.URL != c.want && c.want != "" {
			t.Errorf("%s: %q, %v", c.name, cfg.Database.URL, err)
		}
		if got := strings.Join(cfg.Warnings, "\n"); (got != "") != (c.dropped != "") || !strings.HasSuffix(got, c.dropped) || strings.Contains(got, "pw") {
			t.Errorf("%s: warnings %q", c.name, got)
		}
	}
}

// TestWhatCannotBeRightIsRefusedWithTheLikelyCause: by the variable's name, in words that are ours.
func TestWhatCannotBeRightIsRefusedWithTheLikelyCause(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"postgres://app:Xq7@Tr0ub4dor@db/d":            "write it %40",
		"postgres://app:12/34secret@db/d":              "write it %2F",
		"postgres://app:5432/d?x=12@db/d":              "write it %2F or %3F",
		"postgres://app:12%zz@db/d":                    "write it %25",
		"postgres://app:12%@db/d":                      "write it %25",
		"postgres://app@db%2Fx/d":                      "as %40",
		"postgres://app@db/d%40x":                      "as %40",
		"postgres:///app:secret":                       "as %40",
		"postgres://app:secret@db/d#x":                 "as %40",
		"psql 'postgresql://app:secret@db/d'":          "without psql, quotes",
		"DATABASE_URL=postgres://app:secret@db/d":      "without psql, quotes",
		"jdbc:postgresql://db/d?user=a&password=b":     "something stands before the URL",
		"host=db user=app password=secret":             "doesn't begin with sqlite: or postgres://",
		"postgres://app:secret@db/d?sslmod=require":    "the 1st of the parameters",
		"postgres://h/d?sslmode=require&a=b&schema&c=": "the 2nd and 4th of the parameters",
		"postgres://h/d?sslmode=on":                    "sslmode is none of",
		"sqlite:app:secret@db/d":                       "no path",
		"sqlite:postgres://db/d":                       "no path",
	} {
		for _, name := range []string{"DATABASE_URL", "DATABASE_DIRECT_URL"} {
			vars := with{"DATABASE_URL": "postgres://h/d"}
			vars[name] = raw
			got := problems(t, vars)
			if name == "DATABASE_DIRECT_URL" && strings.HasPrefix(raw, "sqlite:") {
				want = "must be a PostgreSQL URL"
			}
			wantOne(t, got, name+" must be", want)
		}
	}
	wantOne(t, problems(t, with{"REDIS_URL": "redis://:12/34secret@redis:6379"}), "REDIS_URL must be", "%2F")
	wantOne(t, problems(t, with{"REDIS_URL": "redis://app:12?34secret@redis:6379"}), "REDIS_URL must be", "%3F")
	wantOne(t, problems(t, with{"REDIS_URL": "redis://app:12#34secret"}), "REDIS_URL must be", "%23")
	wantOne(t, problems(t, with{"BETTER_AUTH_URL": "https://user:12/34secret@auth.example"}), "BETTER_AUTH_URL must be", "there is an @ in it")
	wantOne(t, problems(t, with{"ALLOWED_ORIGINS": "https://a.example, https://b.example/x"}), "the 2nd is none")
	for _, headers := range []string{"Authorization: Bearer secret", "Authorization=Bearer 100%", "a=b,secret"} {
		wantOne(t, problems(t, with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_HEADERS": headers}), "OTEL_EXPORTER_OTLP_HEADERS must be")
		wantOne(t, problems(t, with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": headers}), "OTEL_EXPORTER_OTLP_TRACES_HEADERS must be")
	}
}

// TestValuesThatBringSomethingFromTheirFile are refused: Better Auth would still have it.
func TestValuesThatBringSomethingFromTheirFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS", "DATABASE_URL", "REDIS_URL", "API_HOST"} {
		for value, want := range map[string]string{
			goodSecret + "\r":                  "carriage return",
			"1:" + goodSecret + "\r":           "carriage return",
			`"` + goodSecret + `"`:             "is in quotes",
			"'postgres://app:secret@db/d'":     "is in quotes",
			goodSecret + "\n" + "LOG_LEVEL=x":  "line end",
			"postgres://app:secret@db/d\u0007": "control character",
		} {
			got := problems(t, with{name: value})
			wantOne(t, got, name+" ", want)
			if strings.Contains(fmt.Sprint(got), "secret of") || strings.Contains(fmt.Sprint(got), "app") {
				t.Errorf("%s is shown: %s", name, got)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"[::1]": "::1", "::1": "::1", "[::]": "::", "0.0.0.0": "0.0.0.0", "localhost": "localhost", "fe80::1%eth0": "fe80::1%eth0", "my_host-1.lan": "my_host-1.lan",
	} {
		if got := mustLoad(t, with{"API_HOST": raw}).Host; got != want {
			t.Errorf("%s was read as %q", raw, got)
		}
	}
	for _, raw := range []string{"localhost:8000", "http://localhost", "[::1]:8000", "0.0.0.0/0", "a b", "-", "*"} {
		wantOne(t, problems(t, with{"API_HOST": raw}), "API_HOST must be an address or a name")
	}
}

// TestDomainsAreComparedAsBrowsersSendThem: a person writes them as they read.
func TestDomainsAreComparedAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://Müller.example":           "https://xn--mller-kva.example",
		"https://mu\u0308ller.example":     "https://xn--mller-kva.example",
		"https://straße.example:8443/":     "https://xn--strae-oqa.example:8443",
		"https://xn--mller-kva.example":    "https://xn--mller-kva.example",
		"https://例え.テスト":                   "https://xn--r8jz45g.xn--zckzah",
		"http://my_host:3000":              "http://my_host:3000",
		"capacitor://localhost":            "capacitor://localhost",
		"https://b\u00fccher\u3002example": "https://xn--bcher-kva.example",
	} {
		if got := mustLoad(t, with{"ALLOWED_ORIGINS": raw}).AllowedOrigins[0]; got != want {
			t.Errorf("%s is the origin %q, want %q", raw, got, want)
		}
	}
	if got := mustLoad(t, with{"BETTER_AUTH_URL": "https://anmeldung.müller.example/api/auth"}).Auth.Issuer; got != "https://anmeldung.xn--mller-kva.example" {
		t.Errorf("issuer %q", got)
	}
	wantOne(t, problems(t, with{"ALLOWED_ORIGINS": "https://a\u202eb.example"}), "ALLOWED_ORIGINS must be")
}
