package legacy

import (
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// TestTheOldPasswordSignsIn, in any spelling of the address, and leaves a better hash behind, which another import
// keeps. Until then the old one is inside of one of ours.
func TestTheOldPasswordSignsIn(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, to target) {
		b.person(t, "ada", "Ada@Example.com", hash)
		cfg, passwords := config(b.read(t), to), account.NewPasswords()
		cfg.Wrap = passwords.Wrap
		mustImport(t, cfg)
		kept, err := to.store.Account(t.Context(), "ada")
		settings := strings.TrimPrefix(hash[:29], "$") // without what says something of the password
		if err != nil || !strings.HasPrefix(kept.PasswordHash, "$argon2id-bcrypt$v=19$m=19456,t=2,p=1$") ||
			!strings.HasSuffix(kept.PasswordHash, "$"+settings) {
			t.Errorf("imported as %q, %v", kept.PasswordHash, err)
		}
		mint := func(p account.Person, _ string, _ time.Time) (string, error) { return "token of " + string(p.ID), nil }
		provider := account.NewLocal(account.NewSessions(to.store, mint, time.Now, func() [][]byte { return [][]byte{[]byte("a secret")} }, nil), passwords)

		_, err = provider.Login(t.Context(), "ada@example.com", password+"r", account.Client{})
		if todo.CodeOf(err) != todo.Unauthenticated {
			t.Errorf("a wrong password: %v", err)
		}
		for _, email := range []string{"ADA@example.com", "ada@example.com"} {
			in, err := provider.Login(t.Context(), email, password, account.Client{})
			if err != nil || in.Person.ID != "ada" || in.Tokens.Access != "token of ada" || in.Tokens.Refresh == "" {
				t.Errorf("%s: %+v, %v", email, in, err)
			}
			mustImport(t, cfg)
			a, err := to.store.Account(t.Context(), "ada")
			if err != nil || !strings.HasPrefix(a.PasswordHash, "$argon2id$") {
				t.Errorf("the hash is %q, %v", a.PasswordHash, err)
			}
		}
	})
}
