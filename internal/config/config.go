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

// Config is everything that can be configured. Tags say which variable a field is read from, its default (unset says it in
// words where it depends on others), what the variable must be (the sentence an operator gets to read), and what it means
// (doc, from which todod serve --help and docs/configuration.md are made: code stands in single quotes, links are
// Markdown's and lead from docs). The values of secret ones are never shown. Ports that are 0 are none, but API_PORT; an
// empty AUDIT_LOG_FILE, too.
type Config struct {
	Env      Env   `env:"APP_ENV" envDefault:"development" must:"be development, staging or production" doc:"'production' and 'staging' refuse what is merely convenient in 'development'"`
	LogLevel Level `env:"LOG_LEVEL" envDefault:"INFO" must:"be DEBUG, INFO, WARNING, ERROR or CRITICAL" doc:"'DEBUG', 'INFO', 'WARNING' (or 'WARN'), 'ERROR', 'CRITICAL'"`

	AuditLogFile string `env:"AUDIT_LOG_FILE" doc:"a file that keeps all [security events](security-events.md) in a chain of hashes"`

	Host            string         `env:"API_HOST" envDefault:"0.0.0.0" must:"be an address or a name of this machine, such as 0.0.0.0, ::1 or localhost, without a port" doc:"the address to listen on; '::' for IPv6, with or without brackets"`
	Port            uint16         `env:"API_PORT" envDefault:"8000" must:"be a number from 1 to 65535" doc:"the port; 0 takes any free one"`
	MaxConnections  int            `env:"MAX_CONNECTIONS" envDefault:"10000" must:"be a whole number from 1" doc:"open at once; one address may have a quarter of them, a trusted proxy all. Event streams take half of them at most, and an eighth from one client address, also behind a proxy"`
	App             bool           `env:"APP_ENABLED" envDefault:"true" must:"be true or false" doc:"'false' leaves out [the app](app.md) at '/app'. It is only there with accounts of todod's own"`
	AllowedOrigins  []string       `env:"ALLOWED_ORIGINS" envDefault:"*" must:"be a comma-separated list of origins such as https://app.example.com, without a path, or *" doc:"origins whose pages may call the API, comma-separated: 'https://app.example.com'; umlauts are read as browsers send them"`
	AllowedHeaders  []string       `env:"CORS_ALLOWED_HEADERS" must:"be a comma-separated list of names of headers such as X-Tenant" doc:"headers that these pages may send besides those that todod and libraries for tracing use, comma-separated"`
	TrustedProxies  []netip.Prefix `env:"TRUSTED_PROXIES" must:"be a comma-separated list of addresses and CIDRs such as 10.0.0.0/8" doc:"addresses and CIDRs of proxies whose 'X-Forwarded-For' and 'X-Forwarded-Proto' are believed, comma-separated"`
	MetricsPort     uint16         `env:"METRICS_PORT" must:"be a number from 1 to 65535 other than API_PORT and TLS_REDIRECT_PORT" doc:"'/metrics' for Prometheus at this port. In production and staging only there, else also at 'API_PORT'"`
	ShutdownTimeout time.Duration  `env:"SHUTDOWN_TIMEOUT" envDefault:"15s" must:"be a duration such as 15s, or seconds" doc:"how long requests may take to finish when todod stops"`

	MaxTasksPerUser   int `env:"MAX_TASKS_PER_USER" envDefault:"10000" must:"be a whole number from 1" doc:"one more is a 409. The trash holds as many again; beyond that those go for good that have been there the longest"`
	MaxChangesPerUser int `env:"MAX_CHANGES_PER_USER" envDefault:"100000" must:"be a whole number from 1" doc:"changes of a person that are kept; the oldest are forgotten early, and who syncs from before them starts anew (410)"`
	MaxKeysPerUser    int `env:"MAX_KEYS_PER_USER" envDefault:"20000" must:"be a whole number from 1" doc:"'Idempotency-Key's of a person that are remembered; a new one beyond that is a 429"`

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
	CertFile     string `env:"TLS_CERT_FILE" must:"be set together with TLS_KEY_FILE" doc:"a PEM file of a certificate with its chain, beside 'TLS_KEY_FILE': todod serves HTTPS itself. Both are read again when they change"`
	KeyFile      string `env:"TLS_KEY_FILE" must:"be set together with TLS_CERT_FILE" doc:"the PEM file of the certificate's key"`
	RedirectPort uint16 `env:"TLS_REDIRECT_PORT" must:"be a number from 1 to 65535 other than API_PORT, beside TLS_CERT_FILE and TLS_KEY_FILE" doc:"with a certificate, a second port for plain HTTP, from which production and staging lead to HTTPS"`
}

// Retention says for how long what is no longer needed is kept. Until a change is forgotten, whoever made it can ask what
// came of it, so that Changes is no shorter than Keys.
type Retention struct {
	Trash   time.Duration `env:"TRASH_RETENTION" envDefault:"30d" must:"be a duration above 0 such as 30d or 12h" doc:"how long a deleted task stays in the trash"`
	Changes time.Duration `env:"CHANGE_RETENTION" envDefault:"90d" must:"be a duration above 0 such as 90d, no shorter than IDEMPOTENCY_RETENTION" doc:"how long a change stays in the log, which sync and history read; no shorter than the next"`
	Keys    time.Duration `env:"IDEMPOTENCY_RETENTION" envDefault:"24h" must:"be a duration above 0 such as 24h or 7d" doc:"how long an 'Idempotency-Key' is remembered"`
}

// Database says where tasks are kept.
type Database struct {
	Engine string // SQLite or Postgres
	Path   string // of the SQLite file

	// URL and DirectURL are PostgreSQL URLs as pgx reads them. DirectURL leads past a transaction pooler, for what needs a
	// session; without one it is URL.
	URL       string `env:"DATABASE_URL" envDefault:"sqlite:data/todod.db" secret:"true" must:"be sqlite:path or postgres://user:password@host:5432/name?sslmode=require, with @ / % in the password written %40 %2F %25" doc:"'sqlite:path', or 'postgres://user:password@host:5432/name?sslmode=require'; SQLAlchemy's spellings ('postgresql+asyncpg://…', 'sqlite:///path') work too. In a password '@' is written '%40', '/' '%2F', '%' '%25'. Parameters for Prisma, asyncpg, psycopg and others are dropped with a warning; those that nobody knows are refused"`
	DirectURL string `env:"DATABASE_DIRECT_URL" secret:"true" must:"be a PostgreSQL URL, beside a PostgreSQL DATABASE_URL" unset:"that of 'DATABASE_URL'; of Neon's pooled one, the direct one" doc:"a PostgreSQL URL for migrations and for [what concerns everybody](deploy.md#who-connects): past a transaction pooler, or as the owner of the tables"`

	PoolSize    int           `env:"DB_POOL_SIZE" envDefault:"20" must:"be a whole number from 1 to 10000" doc:"connections to PostgreSQL"`
	PoolTimeout time.Duration `env:"DB_POOL_TIMEOUT" envDefault:"30s" must:"be a duration above 0 such as 30s, or seconds" doc:"how long a request waits for one, for its turn to share one, or for others of the same user, before it gets a 503"`
	Insecure    bool          `env:"DB_INSECURE" envDefault:"false" must:"be true or false" doc:"'true' lets production reach PostgreSQL on another host without TLS"`

	BetterAuthFK bool `env:"DATABASE_BETTER_AUTH_FK" envDefault:"false" must:"be true or false" doc:"'true' ties users to Better Auth's '\"user\"' table in the same PostgreSQL database: deleting an account there deletes its tasks here"`
}

// Auth says who signs people in and which tokens are good.
type Auth struct {
	Provider      Provider `env:"AUTH_PROVIDER" must:"be local or better-auth" unset:"'better-auth' with a 'BETTER_AUTH_URL', else 'local'" doc:"who carries out '/api/auth': todod with accounts of its own, or Better Auth"`
	BetterAuthURL string   `env:"BETTER_AUTH_URL" must:"be a URL such as https://auth.example.com" doc:"where Better Auth runs; only its origin counts"`

	// Secret and RotatedSecrets are used together: see Secrets.
	Secret         Secret   `env:"BETTER_AUTH_SECRET" secret:"true" doc:"the secret of HS256 tokens, at least 32 bytes: 'openssl rand -base64 32'"`
	RotatedSecrets []Secret `env:"BETTER_AUTH_SECRETS" secret:"true" must:"be versions and secrets, the newest first, such as 2:new,1:old" doc:"several, to change them: '2:new,1:old'. All verify; the first signs"`
	SecretFiles    []string // that they were read from

	AllowedAlgs      []string      `env:"AUTH_ALLOWED_ALGS" envDefault:"HS256,EdDSA,ES256,RS256,PS256" must:"be a comma-separated list out of HS256, EdDSA, ES256, RS256, PS256 and ES512" doc:"signature algorithms to accept; 'ES512' can be added"`
	JWKSURL          string        `env:"AUTH_JWKS_URL" must:"be a URL such as https://auth.example.com/api/auth/jwks" unset:"'/api/auth/jwks' at the origin of 'BETTER_AUTH_URL'" doc:"where the public keys are; without a 'BETTER_AUTH_URL' it needs 'AUTH_ISSUER' and 'AUTH_AUDIENCE'"`
	Issuer           string        `env:"AUTH_ISSUER" unset:"the origin of 'BETTER_AUTH_URL'" doc:"the 'iss' that tokens must carry"`
	Audience         string        `env:"AUTH_AUDIENCE" unset:"the origin of 'BETTER_AUTH_URL'" doc:"the 'aud' that tokens must carry"`
	RequireIssAud    bool          `env:"AUTH_REQUIRE_ISS_AUD" envDefault:"false" must:"be true or false" doc:"'true' also refuses HS256 tokens without 'iss' and 'aud'"`
	AcceptSessionJWT bool          `env:"AUTH_ACCEPT_SESSION_JWT" envDefault:"false" must:"be true or false" doc:"'true' also accepts the JWT of Better Auth's cookie cache"`
	Leeway           time.Duration `env:"AUTH_LEEWAY" envDefault:"30s" must:"be a duration such as 30s, or seconds" doc:"how far clocks may be apart"`
	MaxTokenBytes    int           `env:"AUTH_MAX_TOKEN_BYTES" envDefault:"8192" must:"be a whole number from 1" doc:"the longest token that is looked at"`
	RefreshRotation  bool          `env:"AUTH_REFRESH_ROTATION" envDefault:"false" must:"be true or false" doc:"'true' makes a refresh token good for one use: refreshing returns the next one, and using one twice ends the session"`
	RefreshGrace     time.Duration `env:"AUTH_REFRESH_GRACE" envDefault:"30s" must:"be a duration such as 30s, or seconds" doc:"with rotation, for how long a used token gives the [same next one](decisions/0051-used-tokens-give-the-same-successor.md) again, as long as that wasn't used: to a second tab, or when the answer was lost. '0' for never"`
}

// RateLimit says how much one caller may ask for.
type RateLimit struct {
	Enabled       bool `env:"RATE_LIMIT_ENABLED" envDefault:"true" must:"be true or false" doc:"'false' lifts the limits below"`
	Authenticated Rate `env:"RATE_LIMIT_AUTHENTICATED" envDefault:"600/m" must:"be a rate such as 600/m, or with /s or /h" doc:"of each user"`
	Anonymous     Rate `env:"RATE_LIMIT_ANONYMOUS" envDefault:"120/m" must:"be a rate such as 120/m, or with /s or /h" doc:"of each client address (IPv6: each /64), for all that comes without a good token"`
	SignIn        Rate `env:"RATE_LIMIT_SIGNIN" envDefault:"10/m" must:"be a rate such as 10/m, or with /s or /h" doc:"sign-ins, registrations and changes of a profile that name one e-mail address, from one client address; all from one address, and all with one e-mail address, may be ten times as many. Also changes of a password, of each user"`

	// RedisURL is where replicas count together, as redisurl reads it; "": each counts by itself.
	RedisURL Secret `env:"REDIS_URL" secret:"true" must:"be redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/of/socket, with @ / % in the password written %40 %2F %25" doc:"a Redis (6 or newer) or Valkey in which replicas count together: 'redis://', 'rediss://' or 'unix://'. Without it, or while it is away, each counts for itself"`
}

// Telemetry says where traces go. The names and their meaning are OpenTelemetry's, and its SDK knows more of them: see
// Telemetry.Environment.
type Telemetry struct {
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" must:"be a URL such as http://localhost:4318, without credentials" doc:"a collector of [traces](metrics.md#traces), by OTLP over HTTP. OpenTelemetry's other 'OTEL_*' variables count, too"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" must:"be a URL such as http://localhost:4318/v1/traces, without credentials" doc:"the whole URL for traces, where it doesn't follow from 'OTEL_EXPORTER_OTLP_ENDPOINT'"`
	Headers        string `env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"true" doc:"headers for the collector, such as a key: 'name=value', comma-separated"`
	Protocol       string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf" doc:"'http/protobuf' or 'http/json'; 'grpc' is not spoken and gets a warning"`
	TracesExporter string `env:"OTEL_TRACES_EXPORTER" envDefault:"otlp" doc:"'none' sends no traces"`
	SDKDisabled    bool   `env:"OTEL_SDK_DISABLED" envDefault:"false" must:"be true or false" doc:"'true' makes no traces"`

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
