// Package config reads how todod is to run: from the environment, then from a .env file, then from the defaults on this
// page.
package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// DataDir is the folder for what todod keeps itself: the SQLite database and the development secret.
const DataDir = "data"

// Config is everything that can be configured. Tags say which variable a field is read from, its default, and what the
// variable must be (the sentence an operator gets to read). The values of secret ones are never shown.
type Config struct {
	Env      Env   `env:"APP_ENV" envDefault:"development" must:"be development, staging or production"`
	LogLevel Level `env:"LOG_LEVEL" envDefault:"INFO" must:"be DEBUG, INFO, WARNING, ERROR or CRITICAL"`

	AuditLogFile string `env:"AUDIT_LOG_FILE"` // "": none

	Host            string         `env:"API_HOST" envDefault:"0.0.0.0" must:"be an address or a name of this machine, such as 0.0.0.0, ::1 or localhost, without a port"`
	Port            uint16         `env:"API_PORT" envDefault:"8000" must:"be a number from 1 to 65535"` // 0: any free port
	MaxConnections  int            `env:"MAX_CONNECTIONS" envDefault:"10000" must:"be a whole number from 1"`
	AllowedOrigins  []string       `env:"ALLOWED_ORIGINS" envDefault:"*" must:"be a comma-separated list of origins such as https://app.example.com, without a path, or *"`
	AllowedHeaders  []string       `env:"CORS_ALLOWED_HEADERS" must:"be a comma-separated list of names of headers such as X-Tenant"`
	TrustedProxies  []netip.Prefix `env:"TRUSTED_PROXIES" must:"be a comma-separated list of addresses and CIDRs such as 10.0.0.0/8"`
	MetricsPort     uint16         `env:"METRICS_PORT" must:"be a number from 1 to 65535 other than API_PORT and TLS_REDIRECT_PORT"` // 0: none
	ShutdownTimeout time.Duration  `env:"SHUTDOWN_TIMEOUT" envDefault:"15s" must:"be a duration such as 15s, or seconds"`

	MaxTasksPerUser   int `env:"MAX_TASKS_PER_USER" envDefault:"10000" must:"be a whole number from 1"`
	MaxChangesPerUser int `env:"MAX_CHANGES_PER_USER" envDefault:"100000" must:"be a whole number from 1"`
	MaxKeysPerUser    int `env:"MAX_KEYS_PER_USER" envDefault:"20000" must:"be a whole number from 1"`

	TLS       TLS
	Retention Retention
	Database  Database
	Auth      Auth
	RateLimit RateLimit
	Telemetry Telemetry

	// Notes are sentences for the log about what was concluded from other settings.
	Notes []string
	// Warnings are sentences for the log about what was accepted but is probably not meant.
	Warnings []string

	given   map[string]bool // the variables that somebody has set
	envFile string          // what was read instead of .env, "" for none
}

// TLS says how todod serves HTTPS by itself. CertFile and KeyFile are PEM files, both or neither.
type TLS struct {
	CertFile     string `env:"TLS_CERT_FILE" must:"be set together with TLS_KEY_FILE"`
	KeyFile      string `env:"TLS_KEY_FILE" must:"be set together with TLS_CERT_FILE"`
	RedirectPort uint16 `env:"TLS_REDIRECT_PORT" must:"be a number from 1 to 65535 other than API_PORT, beside TLS_CERT_FILE and TLS_KEY_FILE"`
}

// Retention says for how long what is no longer needed is kept. Until a change is forgotten, whoever made it can ask what
// came of it, so that Changes is no shorter than Keys.
type Retention struct {
	Trash   time.Duration `env:"TRASH_RETENTION" envDefault:"30d" must:"be a duration above 0 such as 30d or 12h"`
	Changes time.Duration `env:"CHANGE_RETENTION" envDefault:"90d" must:"be a duration above 0 such as 90d, no shorter than IDEMPOTENCY_RETENTION"`
	Keys    time.Duration `env:"IDEMPOTENCY_RETENTION" envDefault:"24h" must:"be a duration above 0 such as 24h or 7d"`
}

// Database says where tasks are kept.
type Database struct {
	Engine string // SQLite or Postgres
	Path   string // of the SQLite file

	// URL and DirectURL are PostgreSQL URLs as pgx reads them. DirectURL leads past a transaction pooler, for what needs a
	// session; without one it is URL.
	URL       string `env:"DATABASE_URL" envDefault:"sqlite:data/todod.db" secret:"true" must:"be sqlite:path or postgres://user:password@host:5432/name?sslmode=require, with @ / % in the password written %40 %2F %25"`
	DirectURL string `env:"DATABASE_DIRECT_URL" secret:"true" must:"be a PostgreSQL URL, beside a PostgreSQL DATABASE_URL"`

	PoolSize    int           `env:"DB_POOL_SIZE" envDefault:"20" must:"be a whole number from 1 to 10000"`
	PoolTimeout time.Duration `env:"DB_POOL_TIMEOUT" envDefault:"30s" must:"be a duration above 0 such as 30s, or seconds"`
	Insecure    bool          `env:"DB_INSECURE" envDefault:"false" must:"be true or false"`

	BetterAuthFK bool `env:"DATABASE_BETTER_AUTH_FK" envDefault:"false" must:"be true or false"` // users refer to Better Auth's "user"
}

// Auth says who signs people in and which tokens are good.
type Auth struct {
	Provider      Provider `env:"AUTH_PROVIDER" must:"be local or better-auth"`                     // default: better-auth with a BETTER_AUTH_URL, else local
	BetterAuthURL string   `env:"BETTER_AUTH_URL" must:"be a URL such as https://auth.example.com"` // its origin; a path is dropped

	// Secret and RotatedSecrets are used together: see Secrets.
	Secret         Secret   `env:"BETTER_AUTH_SECRET" secret:"true"`
	RotatedSecrets []Secret `env:"BETTER_AUTH_SECRETS" secret:"true" must:"be versions and secrets, the newest first, such as 2:new,1:old"`
	SecretFiles    []string // that they were read from

	AllowedAlgs      []string      `env:"AUTH_ALLOWED_ALGS" envDefault:"HS256,EdDSA,ES256,RS256,PS256" must:"be a comma-separated list out of HS256, EdDSA, ES256, RS256, PS256 and ES512"`
	JWKSURL          string        `env:"AUTH_JWKS_URL" must:"be a URL such as https://auth.example.com/api/auth/jwks"` // default: /api/auth/jwks of BetterAuthURL
	Issuer           string        `env:"AUTH_ISSUER"`                                                                  // default: BetterAuthURL
	Audience         string        `env:"AUTH_AUDIENCE"`                                                                // default: BetterAuthURL
	RequireIssAud    bool          `env:"AUTH_REQUIRE_ISS_AUD" envDefault:"false" must:"be true or false"`
	AcceptSessionJWT bool          `env:"AUTH_ACCEPT_SESSION_JWT" envDefault:"false" must:"be true or false"`
	Leeway           time.Duration `env:"AUTH_LEEWAY" envDefault:"30s" must:"be a duration such as 30s, or seconds"`
	MaxTokenBytes    int           `env:"AUTH_MAX_TOKEN_BYTES" envDefault:"8192" must:"be a whole number from 1"`
	RefreshRotation  bool          `env:"AUTH_REFRESH_ROTATION" envDefault:"false" must:"be true or false"` // a refresh token is good once
}

// RateLimit says how much one caller may ask for.
type RateLimit struct {
	Enabled       bool `env:"RATE_LIMIT_ENABLED" envDefault:"true" must:"be true or false"`
	Authenticated Rate `env:"RATE_LIMIT_AUTHENTICATED" envDefault:"600/m" must:"be a rate such as 600/m, or with /s or /h"`
	Anonymous     Rate `env:"RATE_LIMIT_ANONYMOUS" envDefault:"120/m" must:"be a rate such as 120/m, or with /s or /h"`
	SignIn        Rate `env:"RATE_LIMIT_SIGNIN" envDefault:"10/m" must:"be a rate such as 10/m, or with /s or /h"` // ten times that for an address or an e-mail address alone

	// RedisURL is where replicas count together, as go-redis reads it; "": each counts by itself.
	RedisURL Secret `env:"REDIS_URL" secret:"true" must:"be redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/of/socket, with @ / % in the password written %40 %2F %25"`
}

// Telemetry says where traces go. The names and their meaning are OpenTelemetry's, and its SDK knows more of them: see
// Telemetry.Environment.
type Telemetry struct {
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" must:"be a URL such as http://localhost:4318, without credentials"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" must:"be a URL such as http://localhost:4318/v1/traces, without credentials"`
	Headers        string `env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"true"`
	Protocol       string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
	TracesExporter string `env:"OTEL_TRACES_EXPORTER" envDefault:"otlp"`
	SDKDisabled    bool   `env:"OTEL_SDK_DISABLED" envDefault:"false" must:"be true or false"`

	environment map[string]string // what Environment returns
}

// Env is where todod runs.
type Env string

// The three environments.
const (
	Development Env = "development"
	Staging     Env = "staging"
	Production  Env = "production"
)

// Strict reports whether what is merely convenient in development stops the start.
func (e Env) Strict() bool { return e == Staging || e == Production }

// Provider is who carries out the sign-in routes.
type Provider string

// The two providers: accounts of todod's own, and a Better Auth service.
const (
	Local      Provider = "local"
	BetterAuth Provider = "better-auth"
)

// The two values of Database.Engine.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Rate is so many requests per time.
type Rate struct {
	Quota int
	Per   time.Duration // a second, a minute or an hour
}

// String describes the rate to a person.
func (r Rate) String() string { return fmt.Sprintf("%d per %s", r.Quota, r.Per) }

// Level is the least level that is logged. It is a slog.Leveler.
type Level slog.Level

// levelNames are the names that levels have in our log.
var levelNames = map[Level]string{
	Level(slog.LevelDebug): "DEBUG",
	Level(slog.LevelInfo):  "INFO",
	Level(slog.LevelWarn):  "WARNING",
	Level(slog.LevelError): "ERROR",
	12:                     "CRITICAL",
}

// Level implements slog.Leveler.
func (l Level) Level() slog.Level { return slog.Level(l) }

// String returns the level's name.
func (l Level) String() string { return levelNames[l] }
