package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"todod/internal/redisurl"
)

// Problems is everything that is wrong with a configuration, a sentence each that begins with the variable's name and
// never shows a secret.
type Problems struct{ list []error }

// Error returns the problems, one a line.
func (p *Problems) Error() string { return errors.Join(p.list...).Error() }

// Unwrap returns the problems.
func (p *Problems) Unwrap() []error { return p.list }

// Load reads the configuration: each variable from getenv, else from .env in the working directory, else its default.
// NAME_FILE names a file with the value of NAME, less one newline at its end. An empty value is no value. The error, if
// any, is *Problems.
func Load(getenv func(string) string) (Config, error) {
	return load(getenv, os.DirFS("."))
}

// LoadFile is Load with the file at path instead of .env; "" is .env. A file that isn't there is a problem.
func LoadFile(getenv func(string) string, path string) (Config, error) {
	if path == "" {
		return Load(getenv)
	}
	c, err := loadFrom(getenv, envFileAt(path))
	c.envFile = path
	return c, err
}

// load is Load with .env in dir.
func load(getenv func(string) string, dir fs.FS) (Config, error) {
	return loadFrom(getenv, dotenvIn(dir))
}

// loadFrom is Load with file instead of .env.
func loadFrom(getenv func(string) string, file envFile) (Config, error) {
	l := loader{values: map[string]string{}, faulty: map[string]bool{}}
	dotenv := l.readDotenv(file)
	fromDotenv := func(name string) string { return dotenv[name] }

	l.collect(variables(&l.config), getenv, fromDotenv)
	l.parse()
	l.resolveHost()
	l.resolveDatabase()
	l.resolveAuth()
	l.resolveOrigins()
	l.checkTLS()
	l.resolveTelemetry(getenv, dotenv)
	l.checkRetention()
	l.checkRedis()
	l.checkSecrets()
	l.checkStrict()
	l.warnOfNames(file.name, slices.Collect(maps.Keys(dotenv)))
	for name := range l.values {
		l.give(name)
	}

	if len(l.problems) > 0 {
		return l.config, &Problems{l.problems}
	}
	return l.config, nil
}

// loader is a configuration in the making.
type loader struct {
	config   Config
	values   map[string]string // what was set, by variable
	faulty   map[string]bool   // variables with a problem: one is enough
	again    bool              // what a file holds was read before
	problems []error
}

// fault records a problem with the variable of that name, unless it has one already.
func (l *loader) fault(name, format string, args ...any) {
	if !l.faulty[name] {
		l.faulty[name] = true
		l.problems = append(l.problems, fmt.Errorf(format, args...))
	}
}

// warn records a warning.
func (l *loader) warn(format string, args ...any) {
	l.config.Warnings = append(l.config.Warnings, fmt.Sprintf(format, args...))
}

// reject records that the variable of that name is not what it must be.
func (l *loader) reject(name string) { l.rejectFor(name, "") }

// hasURL matches the names of variables that are URLs. They are not shown, as any part of one that can't be understood may
// be a password.
var hasURL = regexp.MustCompile(`_(URL|ENDPOINT|ORIGINS)$`)

// rejectFor records that the variable of that name is not what it must be, with the likely cause if there is one.
func (l *loader) rejectFor(name, cause string) {
	if cause != "" {
		cause = ": " + cause
	}
	for _, v := range variables(&l.config) {
		switch {
		case v.name != name:
		case v.secret, hasURL.MatchString(name), strings.Contains(l.values[name], "@"): // which may follow a password
			l.fault(name, "%s must %s%s", name, v.must, cause)
		default:
			l.fault(name, "%s must %s, got %q%s", name, v.must, l.values[name], cause)
		}
	}
}

// give notes that the variable of that name was set.
func (l *loader) give(name string) {
	if l.config.given == nil {
		l.config.given = map[string]bool{}
	}
	l.config.given[name] = true
}

// An envFile is a file with variables. The zero envFile has none.
type envFile struct {
	name     string // as problems and warnings call it
	dir      fs.FS  // that it is in, nil where name is its path
	optional bool   // that it isn't there is no problem
}

// dotenvIn returns the file .env in dir, which need not be there.
func dotenvIn(dir fs.FS) envFile { return envFile{name: ".env", dir: dir, optional: true} }

// envFileAt returns the file at path, which must be there.
func envFileAt(path string) envFile { return envFile{name: path} }

// read returns what is in the file. Again says that it was read before: then a pipe, which would be waited for, is an error.
func (f envFile) read(again bool) ([]byte, error) {
	if f.dir != nil {
		return fs.ReadFile(f.dir, f.name)
	}
	if info, err := os.Stat(f.name); again && err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it must be a regular file to be read again")
	}
	text, err := os.ReadFile(f.name)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, failed.Err
	}
	return text, err
}

// readDotenv returns what a file sets. As in other readers of such files ${NAME} stands for an earlier
// variable, but a $ without brace is nothing special: passwords have them.
func (l *loader) readDotenv(file envFile) map[string]string {
	if file.name == "" {
		return nil
	}
	text, err := file.read(l.again)
	if file.optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		l.fault(file.name, "%s can't be read: %w", file.name, err)
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors on Windows begin a file with it
	const dollar = "\x00"
	found, err := godotenv.Unmarshal(strings.NewReplacer("${", "${", "$", dollar).Replace(string(text)))
	if err != nil { // which quotes the file, secrets included
		l.fault(file.name, "%s can't be read: every line must be NAME=value, with quotes closed", file.name)
		return nil
	}
	for name, value := range found {
		found[name] = strings.ReplaceAll(value, dollar, "$")
	}
	return found
}

// collect sets the values of these variables from the first source that has one, by itself or as a file.
func (l *loader) collect(wanted []variable, sources ...func(string) string) {
	for _, v := range wanted {
		for _, source := range sources {
			value, path := source(v.name), source(v.name+"_FILE")
			if value == "" && path == "" {
				continue
			}
			if value != "" && path != "" {
				l.fault(v.name, "%s and %[1]s_FILE are both set: keep one", v.name)
			}
			l.checkFraming(v.name, value)
			if path != "" {
				value = l.readValue(v.name, path)
				if slices.Contains(secretNames, v.name) {
					l.config.Auth.SecretFiles = append(l.config.Auth.SecretFiles, path)
				}
			}
			l.values[v.name] = value
			break
		}
	}
}

// checkFraming records a problem with a value that brings something along from the file that it was read from by somebody
// else, such as a shell or docker --env-file. It is not for us to take that off: Better Auth would still have it.
func (l *loader) checkFraming(name, value string) {
	switch {
	case strings.HasSuffix(value, "\r"):
		l.fault(name, "%s ends with a carriage return: the file that it is from has the line ends of Windows, save it with those of Unix", name)
	case strings.ContainsFunc(value, unicode.IsControl):
		l.fault(name, "%s has a line end or another control character in it", name)
	case len(value) > 1 && strings.ContainsRune(`"'`, rune(value[0])) && value[0] == value[len(value)-1]:
		l.fault(name, "%s is in quotes, which docker --env-file and others keep: take them off", name)
	}
}

// readValue returns what the file at path holds for the variable of that name. The path is not shown, since it may be a
// secret that was put where its file belongs.
func (l *loader) readValue(name, path string) string {
	if info, err := os.Stat(path); l.again && err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		l.fault(name, "%s_FILE must name a regular file to be read again", name)
		return ""
	}
	text, err := os.ReadFile(path) //nolint:gosec // reading any file that the operator names is the purpose
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		l.fault(name, "%s_FILE must name a file that can be read: %w", name, failed.Err)
		return ""
	}
	value := trimNewline(string(text))
	if value == "" {
		l.fault(name, "%s_FILE must name a file that is not empty", name)
	}
	return value
}

// trimNewline drops one newline at the end of s.
func trimNewline(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// parse fills the configuration from values and the defaults.
func (l *loader) parse() {
	err := env.ParseWithOptions(&l.config, env.Options{Environment: l.values, FuncMap: parsers})
	if err == nil {
		return
	}
	names := map[string]string{}
	for _, v := range variables(&l.config) {
		names[v.field] = v.name
	}
	all, _ := errors.AsType[env.AggregateError](err)
	for _, err := range all.Errors {
		one, _ := errors.AsType[env.ParseError](err)
		l.reject(names[one.Name])
	}
}

// variable is one environment variable, as the tags of its field describe it.
type variable struct {
	name   string
	field  string // the Go field's name, of which there is only one in all of Config
	must   string // how the sentence goes on that begins "NAME must"
	secret bool   // the value is never shown
	value  reflect.Value
	tag    reflect.StructTag
}

// variables lists the variables of c in the order of their fields.
func variables(c *Config) []variable {
	return appendVariables(nil, reflect.ValueOf(c).Elem())
}

// appendVariables appends the variables of the struct v and of the sections in it.
func appendVariables(list []variable, v reflect.Value) []variable {
	for field, value := range v.Fields() {
		if name, ok := field.Tag.Lookup("env"); ok {
			_, secret := field.Tag.Lookup("secret")
			list = append(list, variable{name, field.Name, field.Tag.Get("must"), secret, value, field.Tag})
		} else if value.Kind() == reflect.Struct {
			list = appendVariables(list, value)
		}
	}
	return list
}

// resolveHost takes the brackets off an address of IPv6, which URLs have, and rejects what is neither an address nor a name.
func (l *loader) resolveHost() {
	host := l.config.Host
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	if _, err := netip.ParseAddr(host); err != nil && !hostName.MatchString(host) {
		l.reject("API_HOST")
	}
	l.config.Host = host
}

// checkRedis rejects a URL that isn't one of a Redis.
func (l *loader) checkRedis() {
	raw := string(l.config.RateLimit.RedisURL)
	if raw == "" {
		return
	}
	cause := misplacedInRedis(raw)
	if _, ok := redisurl.Parse(raw); !ok || cause != "" {
		l.rejectFor("REDIS_URL", cause)
		l.config.RateLimit.RedisURL = ""
	}
}

// misplacedInRedis returns why the URL of a Redis can't be right where a part of its password may have come to stand where
// it would be shown, else "". The last @ before the path ends the password.
func misplacedInRedis(raw string) string {
	scheme, rest, _ := strings.Cut(raw, "://")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	host := rest[strings.LastIndex(rest[:end], "@")+1 : end]
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	_, notAddr := netip.ParseAddr(name)
	switch {
	case strings.Contains(rest[end:], "@"):
		return causeSlash
	case strings.Contains(rest[end:], "#"):
		return "there is a # in it; if the password has one, write it %23"
	case scheme != "unix" && name != "" && notAddr != nil && !hostName.MatchString(name):
		return causeName
	}
	return ""
}

// checkRetention rejects a retention of nothing, and a log that forgets changes whose keys are remembered.
func (l *loader) checkRetention() {
	r := l.config.Retention
	for name, kept := range map[string]time.Duration{
		"TRASH_RETENTION": r.Trash, "CHANGE_RETENTION": r.Changes, "IDEMPOTENCY_RETENTION": r.Keys,
	} {
		if kept == 0 && !l.faulty[name] {
			l.reject(name)
		}
	}
	if r.Changes < r.Keys && !l.faulty["CHANGE_RETENTION"] && !l.faulty["IDEMPOTENCY_RETENTION"] {
		l.reject("CHANGE_RETENTION")
	}
}
