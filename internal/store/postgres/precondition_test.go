package postgres

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todod/internal/pgtest"
)

// wantUnfit fails the test unless migrating, opening and examining the database at url all say these things.
func wantUnfit(t *testing.T, url string, parts ...string) {
	t.Helper()
	_, migrating := Migrate(t.Context(), url, false)
	_, connecting := Connect(t.Context(), Config{URL: url, PoolSize: 1, PoolTimeout: 10 * time.Second, AsIs: true})
	d, err := Diagnose(t.Context(), Config{URL: url})
	if migrating == nil || connecting == nil || err != nil {
		t.Fatalf("migrate: %v, connect: %v, diagnose: %v", migrating, connecting, err)
	}
	for _, text := range []string{migrating.Error(), connecting.Error(), PreconditionError(d.Lacks).Error()} {
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%q doesn't say %q", text, part)
			}
		}
	}
}

// TestDatabasesInOtherEncodings are refused with what to do, before anything is made in them.
func TestDatabasesInOtherEncodings(t *testing.T) {
	t.Parallel()
	admin := pgtest.Empty(t)
	for _, encoding := range []string{"SQL_ASCII", "LATIN1"} {
		name := "encoded_" + strings.ToLower(encoding) + "_" + strings.ToLower(t.Name())
		exec(t, connect(t, admin), `create database "`+name+`" encoding '`+encoding+`' template template0 lc_collate 'C' lc_ctype 'C'`)
		u, err := url.Parse(admin)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + name
		wantUnfit(t, u.String(), "encoding is "+encoding, "create database todod encoding 'UTF8' template template0")
		exec(t, connect(t, admin), `drop database "`+name+`" with (force)`)
	}
}

// TestSettingsThatTododCannotWorkWith are named with the statement that corrects them, which does.
func TestSettingsThatTododCannotWorkWith(t *testing.T) {
	t.Parallel()
	admin := pgtest.Database(t, "store", migrateOnly)
	name, login := newLogin(t, admin, "")
	exec(t, connect(t, admin), "grant todod_app to "+name)
	for setting, bad := range map[string]string{
		"standard_conforming_strings": "off", "client_encoding": "latin1", "default_transaction_read_only": "on",
	} {
		exec(t, connect(t, admin), "alter role "+name+" set "+setting+" = "+bad)
		wantUnfit(t, login, "alter role", setting)
		d, _ := Diagnose(t.Context(), Config{URL: login})
		_, remedy, _ := strings.Cut(d.Lacks[0], ": ")
		exec(t, connect(t, admin), remedy)
		if d, err := Diagnose(t.Context(), Config{URL: login, DirectURL: admin}); err != nil || d.Lacks != nil {
			t.Errorf("after %s: %v, %v", remedy, d.Lacks, err)
		}
	}
}

// TestAStandbyIsRefused: everything about it works until something is written.
func TestAStandbyIsRefused(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	var folder string
	if err := connect(t, server.URL).QueryRow(t.Context(), "show data_directory").Scan(&folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	server.Restart(t)
	wantUnfit(t, server.URL, "is a standby", "must lead to the primary")
}

// TestOldServersAreRefused: none of them is at hand.
func TestOldServersAreRefused(t *testing.T) {
	t.Parallel()
	s := serverState{major: 13, encoding: "UTF8", clientEncoding: "UTF8", conforming: "on", onlyIn: "off"}
	if lacks := s.lacks(); len(lacks) != 1 || !strings.Contains(lacks[0], "PostgreSQL 13, and todod needs PostgreSQL 14 or newer") {
		t.Errorf("%q", lacks)
	}
	if s.major = 14; s.lacks() != nil {
		t.Errorf("%q", s.lacks())
	}
}

// TestALoginThatMayNotMakeTheSchemaIsToldWhatToGrant: and with that it may.
func TestALoginThatMayNotMakeTheSchemaIsToldWhatToGrant(t *testing.T) {
	t.Parallel()
	admin := pgtest.Empty(t)
	_, login := newLogin(t, admin, "")
	_, err := Migrate(t.Context(), login, false)
	_, grant, _ := strings.Cut(Advice(err), "database: ")
	grant, _, ok := strings.Cut(grant, ";")
	if !ok || !strings.HasPrefix(grant, "grant create on database") {
		t.Fatalf("%v: %q", err, Advice(err))
	}
	exec(t, connect(t, admin), grant)
	if _, err := Migrate(t.Context(), login, false); err != nil && strings.Contains(err.Error(), "create schema") {
		t.Error(err)
	}
}
