package account

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// A passwordHash is a stored hash that a password can be compared with.
type passwordHash interface {
	// matches compares in constant time.
	matches(password string) bool
}

// KnownHash reports whether hash has a form in which Verify finds a password: argon2id in PHC form, bcrypt ($2a$, $2b$,
// $2y$) or Better Auth's scrypt, or what Wrap makes of these, with parameters that a server can afford.
func KnownHash(hash string) bool {
	_, ok := parseHash(hash)
	return ok
}

// parseHash reads a stored hash.
func parseHash(hash string) (passwordHash, bool) {
	for _, parse := range []func(string) (passwordHash, bool){parseArgon2, parseWrapped, parseBcrypt, parseScrypt} {
		if h, ok := parse(hash); ok {
			return h, true
		}
	}
	return nil, false
}

// argon2Params are the costs of argon2id.
type argon2Params struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// owasp is the first choice of OWASP's Password Storage Cheat Sheet.
var owasp = argon2Params{memory: 19 << 10, time: 2, threads: 1}

// What a hash of ours has, in bytes, and what one that came from elsewhere may cost.
const (
	saltBytes = 16
	keyBytes  = 32

	maxMemory     = 256 << 10 // KiB
	maxTime       = 16
	maxThreads    = 16
	maxBcryptCost = 15
)

// An argon2Hash is one of argon2id, version 1.3.
type argon2Hash struct {
	params    argon2Params
	salt, key []byte
}

// phc is the base64 of the PHC string format.
var phc = base64.RawStdEncoding.Strict()

// argon2Head begins every hash of argon2id, version 1.3.
const argon2Head = "$argon2id$v=19$"

// String returns the hash in PHC form.
func (h argon2Hash) String() string {
	return fmt.Sprintf("%sm=%d,t=%d,p=%d$%s$%s", argon2Head, h.params.memory, h.params.time, h.params.threads,
		phc.EncodeToString(h.salt), phc.EncodeToString(h.key))
}

// derive returns the key of a password, which has as many bytes as that of h, or keyBytes.
func (h argon2Hash) derive(password []byte) []byte {
	n := keyBytes
	if len(h.key) > 0 {
		n = len(h.key)
	}
	return argon2.IDKey(password, h.salt, h.params.time, h.params.memory, h.params.threads, uint32(n))
}

// matches implements passwordHash.
func (h argon2Hash) matches(password string) bool {
	return equalKeys(h.derive(normalisePassword(password)), h.key)
}

// parseArgon2 reads a hash of argon2id in PHC form.
func parseArgon2(hash string) (passwordHash, bool) {
	rest, ok := strings.CutPrefix(hash, argon2Head)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 3 {
		return nil, false
	}
	var h argon2Hash
	costs := strings.Split(parts[0], ",")
	if len(costs) != 3 {
		return nil, false
	}
	memory, memoryOK := number(costs[0], "m=", maxMemory)
	time, timeOK := number(costs[1], "t=", maxTime)
	threads, threadsOK := number(costs[2], "p=", maxThreads)
	var saltErr, keyErr error
	h.params = argon2Params{memory: memory, time: time, threads: uint8(threads)}
	h.salt, saltErr = phc.DecodeString(parts[1])
	h.key, keyErr = phc.DecodeString(parts[2])
	ok = memoryOK && timeOK && threadsOK && saltErr == nil && keyErr == nil && len(h.salt) >= 8 && len(h.key) >= 16 &&
		len(h.key) <= 64 && h.String() == hash
	return h, ok
}

// number reads what follows name, a number from 1 to most.
func number(s, name string, most uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), ok && err == nil && n >= 1 && n <= uint64(most)
}

// A bcryptHash is one of bcrypt, whole.
type bcryptHash string

// bcryptBytes is how much of a password bcrypt looks at. The backend that such hashes come from cut off the rest without a
// word, and so they were made.
const bcryptBytes = 72

// matches implements passwordHash. The password is not normalised: the backend that such hashes come from didn't.
func (h bcryptHash) matches(password string) bool {
	return bcrypt.CompareHashAndPassword([]byte(h), []byte(cutForBcrypt(password))) == nil
}

// cutForBcrypt returns as much of a password as bcrypt looks at.
func cutForBcrypt(password string) string { return password[:min(len(password), bcryptBytes)] }

// parseBcrypt reads a hash of bcrypt. $2a$, $2b$ and $2y$ name implementations that agree on all but what no one uses.
func parseBcrypt(hash string) (passwordHash, bool) {
	if len(hash) != 60 || !strings.HasPrefix(hash, "$2") || strings.IndexByte("aby", hash[2]) < 0 || hash[3] != '$' {
		return nil, false
	}
	cost, err := bcrypt.Cost([]byte(hash))
	return bcryptHash(hash), err == nil && cost <= maxBcryptCost
}

// A scryptHash is one that Better Auth makes.
type scryptHash struct {
	salt []byte // the text of 32 hexadecimal digits itself, not what they stand for
	key  []byte
}

// Better Auth's parameters of scrypt, which it doesn't write into the hash. It takes 32 MiB.
const (
	scryptN   = 16384
	scryptR   = 16
	scryptP   = 1
	scryptKey = 64 // bytes

	scryptSalt = 32 // hexadecimal digits
)

// matches implements passwordHash.
func (h scryptHash) matches(password string) bool { return equalKeys(h.derive(password), h.key) }

// derive implements foreignHash.
func (h scryptHash) derive(password string) []byte {
	key, err := scrypt.Key(normalisePassword(password), h.salt, scryptN, scryptR, scryptP, scryptKey)
	if err != nil {
		panic("account: " + err.Error()) // only for other parameters
	}
	return key
}

// parseScrypt reads a hash that Better Auth made: <salt in hex>:<key in hex>.
func parseScrypt(hash string) (passwordHash, bool) {
	salt, keyHex, _ := strings.Cut(hash, ":")
	key, err := hex.DecodeString(keyHex)
	_, saltErr := hex.DecodeString(salt)
	return scryptHash{[]byte(salt), key}, err == nil && saltErr == nil && len(salt) == scryptSalt && len(key) == scryptKey
}
