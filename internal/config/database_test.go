package config

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestDatabaseURLs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Database{
		"sqlite:///relative.db":                                     {Engine: SQLite, Path: "relative.db"},
		"sqlite:////var/lib/todod.db":                               {Engine: SQLite, Path: "/var/lib/todod.db"},
		"sqlite:path/to.db":                                         {Engine: SQLite, Path: "path/to.db"},
		"sqlite:/absolute.db":                                       {Engine: SQLite, Path: "/absolute.db"},
		"sqlite+aiosqlite:///./test.db":                             {Engine: SQLite, Path: "./test.db"},
		"postgres://u:p@h/d":                                        {Engine: Postgres, URL: "postgres://u:p@h/d"},
		"postgresql://u:p@h:5433/d":                                 {Engine: Postgres, URL: "postgres://u:p@h:5433/d"},
		"POSTGRESQL+asyncpg://u:p@h/d":                              {Engine: Postgres, URL: "postgres://u:p@h/d"},
		"postgresql+psycopg2://u:p@h/d":                             {Engine: Postgres, URL: "postgres://u:p@h/d"},
		"postgresql+psycopg://u:p@h/d":                              {Engine: Postgres, URL: "postgres://u:p@h/d"},
		"postgresql+asyncpg://h/d?ssl=require":                      {Engine: Postgres, URL: "postgres://h/d?sslmode=require"},
		"postgresql+asyncpg://h/d?options=b&ssl=verify-full&role=d": {Engine: Postgres, URL: "postgres://h/d?options=b&sslmode=verify-full&role=d"},
		"postgresql://h/d?sslmode=require&channel_binding=require":  {Engine: Postgres, URL: "postgres://h/d?sslmode=require&channel_binding=require"},
		"postgresql://a,b:5433/d?target_session_attrs=any":          {Engine: Postgres, URL: "postgres://a,b:5433/d?target_session_attrs=any"},
		"postgres:///d?host=/var/run/postgresql":                    {Engine: Postgres, URL: "postgres:///d?host=/var/run/postgresql"},
	} {
		got := mustLoad(t, with{"DATABASE_URL": raw}).Database
		if got.Engine != want.Engine || got.Path != want.Path || got.URL != want.URL || got.DirectURL != want.URL {
			t.Errorf("%s was read as %#v", raw, got)
		}
	}
}

func TestPasswordsSurvive(t *testing.T) {
	t.Parallel()
	for written, password := range map[string]string{
		"p%40ss%2Fw%25rd": "p@ss/w%rd",
		"a:b#c?d&e=f+g":   "a:b#c?d&e=f+g",
		"$ecret!*'()~^|":  "$ecret!*'()~^|",
		"%C3%BCnic%C3%B6": "ünicö",
		"ssl=require":     "ssl=require",
	} {
		for _, scheme := range []string{"postgres", "postgresql+asyncpg"} {
			c := mustLoad(t, with{"DATABASE_URL": scheme + "://ada:" + written + "@h/d?sslmode=require"})
			pool, err := pgxpool.ParseConfig(c.Database.URL)
			if err != nil || pool.ConnConfig.Password != password || pool.ConnConfig.Host != "h" {
				t.Errorf("%s: %v, %v", written, pool, err)
			}
		}
	}
}

func TestBadDatabaseURLsAreNotShown(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"hunter2", "mysql://u:hunter2@h/d", "postgres:u:hunter2@h/d", "postgres://u:hun/ter2@h/d", "postgres://u:hunter2%@h/d",
		"postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=maybe", "postgres://h/d?password=hunter2&sslmode=maybe",
		"sqlite://hunter2.db", "sqlite:", "sqlite:///", "sqlite::memory:", "sqlite:///:memory:", "sqlite:a.db?hunter2", "sqlite:file:hunter2",
	} {
		got := problems(t, with{"DATABASE_URL": raw})
		wantOne(t, got, "DATABASE_URL must be sqlite:path or postgres://")
		if strings.Contains(got[0], "ter2") {
			t.Errorf("%s is shown: %s", raw, got)
		}
	}
}

func TestDirectURL(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, with{"DATABASE_URL": "postgres://pool/d", "DATABASE_DIRECT_URL": "postgresql+psycopg://direct/d?ssl=require"})
	if c.Database.DirectURL != "postgres://direct/d?sslmode=require" || c.Database.URL != "postgres://pool/d" {
		t.Errorf("got %#v", c.Database)
	}
	for _, vars := range []with{
		{"DATABASE_DIRECT_URL": "postgres://direct/d"},
		{"DATABASE_URL": "postgres://pool/d", "DATABASE_DIRECT_URL": "sqlite:x.db"},
		{"DATABASE_URL": "postgres://pool/d", "DATABASE_DIRECT_URL": "postgres://u:hunter2@h:x/d"},
	} {
		got := problems(t, vars)
		wantOne(t, got, "DATABASE_DIRECT_URL must be a PostgreSQL URL")
		if strings.Contains(got[0], "hunter2") {
			t.Errorf("shown: %s", got)
		}
	}
}

func TestPlaintextHost(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://db/d":                                    "db",
		"postgres://db/d?sslmode=disable":                    "db",
		"postgres://db/d?sslmode=allow":                      "db",
		"postgres://db/d?sslmode=prefer":                     "db",
		"postgres://db/d?sslmode=require":                    "",
		"postgres://db/d?sslmode=verify-ca":                  "",
		"postgres://db/d?sslmode=verify-full":                "",
		"postgres://localhost/d":                             "",
		"postgres://127.0.0.1/d":                             "",
		"postgres://[::1]/d":                                 "",
		"postgres:///d?host=/var/run/postgresql":             "",
		"postgres://localhost,db/d":                          "db",
		"postgres://localhost.evil.example/d":                "localhost.evil.example",
		"postgres://10.0.0.5/d":                              "10.0.0.5",
		"postgres://db/d?sslmode=require&sslmode=disable":    "db",
		"postgres://localhost/d?host=db":                     "db",
		"postgres://db/d?application_name=sslmode=require":   "", // pgx refuses it
		"postgres://db/d?application_name=sslmode%3Drequire": "db",
	} {
		if got := plaintextHost(url); got != want {
			t.Errorf("plaintextHost(%s) = %q, want %q", url, got, want)
		}
	}
}

func TestDatabaseStringHasNoPassword(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"sqlite:a.db": "SQLite a.db",
		"postgres://ada:hunter2@h:5433/d?sslmode=require": "PostgreSQL ada@h:5433/d",
		"postgres://h/d?user=ada&pass%77ord=hunter2":      "PostgreSQL ada@h:5432/d",
	} {
		if got := mustLoad(t, with{"DATABASE_URL": url}).Database.String(); got != want {
			t.Errorf("%s is described as %q, want %q", url, got, want)
		}
	}
}

func TestNeonsPoolerIsBypassedForMigrations(t *testing.T) {
	t.Parallel()
	const pooled = "ep-cool-darkness-123456-pooler.eu-central-1.aws.neon.tech"
	direct := strings.Replace(pooled, "-pooler", "", 1)
	query := "/neondb?sslmode=require&channel_binding=require"
	c := mustLoad(t, with{"DATABASE_URL": "postgresql://ada:hunter2@" + pooled + query})
	if c.Database.URL != "postgres://ada:hunter2@"+pooled+query || c.Database.DirectURL != "postgres://ada:hunter2@"+direct+query {
		t.Errorf("URL %s, direct %s", c.Database.URL, c.Database.DirectURL)
	}
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], direct) || strings.Contains(c.Notes[0], "hunter2") {
		t.Errorf("notes: %q", c.Notes)
	}
	for _, vars := range []with{
		{"DATABASE_URL": "postgres://ada@" + direct + query},
		{"DATABASE_URL": "postgres://ada@db-pooler.example.com/d"},
		{"DATABASE_URL": "postgres://ada@" + pooled + query, "DATABASE_DIRECT_URL": "postgres://ada@elsewhere/d"},
	} {
		if c := mustLoad(t, vars); len(c.Notes) != 0 {
			t.Errorf("%v: %q", vars, c.Notes)
		}
	}
}

func TestParseDatabase(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Database{
		"sqlite:///./todo.db":                    {Engine: SQLite, Path: "./todo.db"},
		"sqlite+aiosqlite:////var/lib/todo.db":   {Engine: SQLite, Path: "/var/lib/todo.db"},
		"postgresql+asyncpg://ada:s3cret@h/todo": {Engine: Postgres, URL: "postgres://ada:s3cret@h/todo"},
		"mysql://ada:s3cret@h/todo":              {}, "todo.db": {}, "": {},
	} {
		got, _, err := ParseDatabase(raw)
		if got != want || (err == nil) != (want.Engine != "") || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %+v, %v; want %+v", raw, got, err, want)
		}
	}
}
