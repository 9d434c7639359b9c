package account

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"todod/internal/todo"
)

// sealPurpose keeps the keys of seals apart from everything else that is made of the same secrets.
const sealPurpose = "todod: Better Auth session token at rest, v1"

// errSeal means that something was not sealed here for this session, or under a secret that is no longer known.
var errSeal = errors.New("the seal does not fit the session or any of the secrets")

// sealer encrypts what is kept with a session, with AES-256-GCM under keys that HKDF (RFC 5869) derives from secrets. It
// is safe for concurrent use.
type sealer struct {
	aeads []cipher.AEAD // one for each secret: the first seals, all open
}

// newSealer returns a sealer under secrets, of which there must be one at least.
func newSealer(secrets [][]byte) (*sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("seal: there is no secret")
	}
	s := &sealer{}
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, sealPurpose, 32)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		s.aeads = append(s.aeads, aead)
	}
	return s, nil
}

// seal returns text encrypted. Only open with the same owner and session gets it back.
func (s *sealer) seal(owner todo.UserID, session, text string) []byte {
	return s.aeads[0].Seal(nil, nil, []byte(text), sealedFor(owner, session)) //nolint:gosec // it draws a nonce itself
}

// open returns the text that was sealed for this session of owner, or errSeal.
func (s *sealer) open(owner todo.UserID, session string, sealed []byte) (string, error) {
	for _, aead := range s.aeads {
		if text, err := aead.Open(nil, nil, sealed, sealedFor(owner, session)); err == nil {
			return string(text), nil
		}
	}
	return "", errSeal
}

// sealedFor returns what binds a seal to one session of one person, different for every two of them.
func sealedFor(owner todo.UserID, session string) []byte {
	bound := binary.BigEndian.AppendUint64(nil, uint64(len(owner)))
	return append(append(bound, owner...), session...)
}
