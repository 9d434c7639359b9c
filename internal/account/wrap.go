package account

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/bcrypt"
	//lint:ignore SA1019 it is what bcrypt is made of
	"golang.org/x/crypto/blowfish" //nolint:staticcheck // as above: golangci-lint reads this one
)

// A foreignHash is one that another system made, whose key can be made again of a password.
type foreignHash interface {
	passwordHash
	// split returns the hash without its key, as settings in a text without white space, and the key.
	split() (settings string, key []byte)
	// derive returns the key of a password.
	derive(password string) []byte
}

// A wrappedHash is a hash of another system inside one of ours: argon2id of the other's key. What is stored is
//
//	$argon2id-bcrypt$v=19$m=19456,t=2,p=1$<salt>$<key>$2b$12$<the bcrypt salt, 22 characters>
//	$argon2id-scrypt$v=19$m=19456,t=2,p=1$<salt>$<key>$<the scrypt salt, 32 hexadecimal digits>
//
// that is the PHC form of argon2id under another name, and behind it what the other hash has before its own key. Its
// argon2id is made of the last 31 characters of the bcrypt hash, or the 64 bytes of Better Auth's scrypt key. So who finds
// the hash has to pay for both to try a password.
type wrappedHash struct {
	name  string // of the kind that is inside
	outer argon2Hash
	inner foreignHash
}

// wrappings are the kinds of hashes that can be inside, by the names that begin a wrapped hash, with what reads one of its
// settings.
var wrappings = map[string]func(settings string) (foreignHash, bool){
	"bcrypt": parseBcryptSettings,
	"scrypt": parseScryptSettings,
}

// wrappedHead returns what a wrapped hash begins with before what it has in common with argon2id.
func wrappedHead(name string) string { return "$argon2id-" + name }

// plainHead is what an argon2id hash begins with in that place.
const plainHead = "$argon2id"

// String returns the hash as it is stored.
func (h wrappedHash) String() string {
	settings, _ := h.inner.split()
	return wrappedHead(h.name) + strings.TrimPrefix(h.outer.String(), plainHead) + "$" + settings
}

// matches implements passwordHash.
func (h wrappedHash) matches(password string) bool {
	return equalKeys(h.outer.derive(h.inner.derive(password)), h.outer.key)
}

// parseWrapped reads a wrapped hash.
func parseWrapped(hash string) (passwordHash, bool) {
	for name, parse := range wrappings {
		rest, ok := strings.CutPrefix(hash, wrappedHead(name)+"$")
		parts := strings.SplitN(rest, "$", 5) // v, costs, salt, key, settings
		if !ok || len(parts) != 5 {
			continue
		}
		outer, ok := parseArgon2(plainHead + "$" + strings.Join(parts[:4], "$"))
		inner, innerOK := parse(parts[4])
		if !ok || !innerOK {
			return nil, false
		}
		h := wrappedHash{name: name, inner: inner}
		h.outer, ok = outer.(argon2Hash)
		return h, ok && h.String() == hash
	}
	return nil, false
}

// Wrap returns what is stored of a hash that another system made: bcrypt and Better Auth's scrypt within an argon2id of
// ours, anything else as it is. It takes as long as a hash.
func (p *Passwords) Wrap(ctx context.Context, hash string) (string, error) {
	known, _ := parseHash(hash)
	h := wrappedHash{outer: p.salted()}
	switch inner := known.(type) {
	case bcryptHash:
		h.name, h.inner = "bcrypt", inner
	case scryptHash:
		h.name, h.inner = "scrypt", inner
	default:
		return hash, nil
	}
	_, key := h.inner.split()
	err := p.inTurn(ctx, Client{}, func() { h.outer.key = h.outer.derive(key) })
	return h.String(), err
}

// How long the parts of a bcrypt hash are: the version and the cost ($2b$12$), the salt, and the key.
const (
	bcryptHead = 7
	bcryptSalt = 22
	bcryptKey  = 31
)

// split implements foreignHash.
func (h bcryptHash) split() (settings string, key []byte) {
	at := bcryptHead + bcryptSalt
	return string(h[1:at]), []byte(h[at:])
}

// parseBcryptSettings reads what split returns of a bcryptHash.
func parseBcryptSettings(settings string) (foreignHash, bool) {
	h, ok := parseBcrypt("$" + settings + strings.Repeat(".", bcryptKey))
	b, isBcrypt := h.(bcryptHash)
	if !ok || !isBcrypt {
		return nil, false
	}
	_, err := bcryptBase64.DecodeString(string(b[bcryptHead : bcryptHead+bcryptSalt]))
	return b, err == nil
}

// bcryptBase64 is the base64 of bcrypt.
var bcryptBase64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// derive implements foreignHash. Package bcrypt compares hashes, but makes none of a salt that is given.
func (h bcryptHash) derive(password string) []byte {
	cost, err := bcrypt.Cost([]byte(h))
	salt, saltErr := bcryptBase64.DecodeString(string(h[bcryptHead : bcryptHead+bcryptSalt]))
	if err != nil || saltErr != nil {
		return nil // parseBcrypt and parseBcryptSettings let none of these through
	}
	key := append([]byte(cutForBcrypt(password)), 0)
	c, err := blowfish.NewSaltedCipher(key, salt)
	if err != nil {
		return nil // only for a key without a byte
	}
	for range uint64(1) << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(salt, c)
	}
	text := []byte("OrpheanBeholderScryDoubt")
	for block := 0; block < len(text); block += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(text[block:], text[block:])
		}
	}
	return []byte(bcryptBase64.EncodeToString(text[:len(text)-1])) // the last byte is left out by all who make these
}

// split implements foreignHash.
func (h scryptHash) split() (settings string, key []byte) { return string(h.salt), h.key }

// parseScryptSettings reads what split returns of a scryptHash.
func parseScryptSettings(settings string) (foreignHash, bool) {
	_, err := hex.DecodeString(settings)
	return scryptHash{salt: []byte(settings)}, err == nil && len(settings) == scryptSalt
}
