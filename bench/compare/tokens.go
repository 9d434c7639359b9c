package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// claims are what a token of todod's own sign-in has.
type claims struct {
	Subject   string `json:"sub"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// mint returns a token of each user, by their number, good for a day.
func mint(d dataset) ([]string, error) {
	tokens := make([]string, d.users+1)
	now := time.Now()
	for number := 1; number <= d.users; number++ {
		payload, err := json.Marshal(claims{
			Subject: d.user(number), Email: fmt.Sprintf("user-%d@example.com", number), Name: fmt.Sprintf("User %d", number),
			IssuedAt: now.Unix(), ExpiresAt: now.Add(24 * time.Hour).Unix(),
		})
		if err != nil {
			return nil, err
		}
		tokens[number] = sign(`{"alg":"HS256","typ":"JWT"}`, payload)
	}
	return tokens, nil
}

// sign returns the HS256 token of a header and a payload.
func sign(header string, payload []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode(payload)
	mac := hmac.New(sha256.New, []byte(tokenSecret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
