package config

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// minSecret is the least length of a secret, in bytes.
const minSecret = 32

// secretHint says how to come by a good secret.
const secretHint = "make one with: openssl rand -base64 32"

// published holds the SHA-256 of secrets that anyone can look up: the one in the original plan of this application, and
// Better Auth's default.
var published = []string{
	"9c0d437b2f1b566708e0b01c896ebbafa4cabbcd6f3c6bc3db986eb8001cdb72",
	"2988a24c0bcc440e2c600c28394590bf7990f260cbf23503e03ee00092086e1f",
}

// Secret is a text that nobody is to see. It prints as a placeholder; convert it to use it.
type Secret string

// redacted is what is shown instead of a secret.
const redacted = "[redacted]"

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Secrets returns the secrets in use: all of them verify, the first one signs.
func (a Auth) Secrets() []Secret {
	secrets := slices.Clone(a.RotatedSecrets)
	if a.Secret != "" && !slices.Contains(secrets, a.Secret) {
		secrets = append(secrets, a.Secret)
	}
	return secrets
}

// secretNames are the variables that hold Secrets.
var secretNames = []string{"BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"}

// ReadSecrets reads the secrets again, from where Load reads them, and returns c with them; Warnings are about them alone.
// What else has changed since Load doesn't count. The error, if any, is *Problems.
func (c Config) ReadSecrets(getenv func(string) string) (Config, error) {
	return c.readSecrets(getenv, os.DirFS("."))
}

// readSecrets is ReadSecrets with .env in dir, unless c was read from another file.
func (c Config) readSecrets(getenv func(string) string, dir fs.FS) (Config, error) {
	l := loader{values: map[string]string{}, faulty: map[string]bool{}, again: true}
	file := dotenvIn(dir)
	if c.envFile != "" {
		file = envFileAt(c.envFile)
	}
	dotenv := l.readDotenv(file)
	wanted := slices.DeleteFunc(variables(&l.config), func(v variable) bool { return !slices.Contains(secretNames, v.name) })
	l.collect(wanted, getenv, func(name string) string { return dotenv[name] })
	l.parse()
	fresh := l.config.Auth
	l.config = c
	l.config.Warnings = nil
	l.config.Auth.Secret, l.config.Auth.RotatedSecrets = fresh.Secret, fresh.RotatedSecrets
	l.config.Auth.SecretFiles = fresh.SecretFiles
	l.checkSecrets()
	if c.Env.Strict() {
		l.requireSecret()
	}
	if len(l.problems) > 0 {
		return c, &Problems{l.problems}
	}
	return l.config, nil
}

// listOfSecrets matches what is meant for BETTER_AUTH_SECRETS: two secrets or more, each after its version.
var listOfSecrets = regexp.MustCompile(`^\s*\d+:[^,]+(,\s*\d+:[^,]+)+$`)

// checkSecrets looks for secrets that are too short or known to the world, and for a list where one secret belongs: it
// would sign, and everybody be signed out.
func (l *loader) checkSecrets() {
	switch secret := l.config.Auth.Secret; {
	case secret == "":
	case listOfSecrets.MatchString(string(secret)):
		l.fault("BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET must be one secret: a list such as 2:new,1:old goes into BETTER_AUTH_SECRETS")
	default:
		l.checkSecret("BETTER_AUTH_SECRET", secret)
	}
	for _, secret := range l.config.Auth.RotatedSecrets {
		l.checkSecret("BETTER_AUTH_SECRETS", secret)
	}
}

// checkSecret records that a secret of the variable of that name is weak: a problem where it is strict, else a warning.
func (l *loader) checkSecret(name string, secret Secret) {
	switch lack := weakness(secret); {
	case lack == "":
	case l.config.Env.Strict():
		l.fault(name, "%s must %s: %s", name, lack, secretHint)
	default:
		l.warn("%s should %s: %s", name, lack, secretHint)
	}
}

// weakness completes the sentence "a secret must", "" for a good one.
func weakness(s Secret) string {
	hash := sha256.Sum256([]byte(s))
	switch {
	case len(s) < minSecret:
		return fmt.Sprintf("have at least %d bytes", minSecret)
	case slices.Contains(published, hex.EncodeToString(hash[:])):
		return "not be a published one"
	default:
		return ""
	}
}

// EnsureDevSecret gives a development configuration without secrets one that is generated at the first start and kept in
// the data folder. Processes that start together agree on it. In production and staging it does nothing.
func (c *Config) EnsureDevSecret() (err error) {
	if c.needsDevSecret() {
		c.Auth.Secret, err = ensureSecret(devSecretPath)
	}
	return err
}

// ForeseeDevSecret does what EnsureDevSecret does, but makes no file: where there is none yet, the secret is one of which
// nothing stays.
func (c *Config) ForeseeDevSecret() (err error) {
	if !c.needsDevSecret() {
		return nil
	}
	if _, err := os.Lstat(devSecretPath); errors.Is(err, fs.ErrNotExist) {
		c.Auth.Secret = Secret(newSecret())
		return nil
	}
	c.Auth.Secret, err = readSecret(devSecretPath)
	return err
}

// devSecretPath is where the development secret is kept.
var devSecretPath = filepath.Join(DataDir, "secret")

// needsDevSecret reports whether c has no secret and may have one of the data folder.
func (c *Config) needsDevSecret() bool { return !c.Env.Strict() && len(c.Auth.Secrets()) == 0 }

// ensureSecret returns the secret in the file at path, which it makes if there is none.
func ensureSecret(path string) (Secret, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := createSecret(path); err != nil {
			return "", fmt.Errorf("create development secret: %w", err)
		}
	}
	return readSecret(path)
}

// readSecret returns the secret in the file at path.
func readSecret(path string) (Secret, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is a constant outside tests
	if err != nil {
		return "", fmt.Errorf("read development secret: %w", err)
	}
	secret := Secret(trimNewline(string(text)))
	if len(secret) < minSecret {
		return "", fmt.Errorf("read development secret: %s has fewer than %d bytes; delete it to get a new one", path, minSecret)
	}
	return secret, nil
}

// newSecret returns a secret out of a random generator.
func newSecret() string {
	random := make([]byte, minSecret)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}

// createSecret makes the file at path with a new secret, unless it is there. It is written under another name and then
// linked, so that it is never seen half written and never replaced.
func createSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(newSecret() + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
