package audit

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// zipped returns data as gzip compresses it.
func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// put writes a file and returns its path.
func put(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCompressedFiles are read whatever their name is, before one that isn't, and what is wrong in them is found.
func TestCompressedFiles(t *testing.T) {
	t.Parallel()
	first := chain(500, link{})
	second := chain(5, linkOf(t, first[499]))
	old, now := bytes.Join(first, nil), bytes.Join(second, nil)
	sound(t, 505, put(t, zipped(t, old)), put(t, now))
	sound(t, 505, put(t, slices.Concat(zipped(t, old[:1000]), zipped(t, old[1000:]))), put(t, now)) // as cat puts two together
	edited := bytes.Replace(old, []byte(`"n":7}`), []byte(`"n":8}`), 1)
	if got := kinds(found(t, put(t, zipped(t, edited)))); got != "8 changed" {
		t.Errorf("an edit: %s", got)
	}
	if got := kinds(found(t, put(t, zipped(t, nil)))); got != "1 missing" {
		t.Errorf("nothing: %s", got)
	}
}

// TestADamagedCompressedFile is not taken for a shorter one.
func TestADamagedCompressedFile(t *testing.T) {
	t.Parallel()
	good := zipped(t, bytes.Join(chain(50, link{}), nil))
	bad := slices.Clone(good)
	bad[len(bad)-6] ^= 1 // in the checksum
	for name, data := range map[string][]byte{
		"its end cut off": good[:len(good)-20], "half of it": good[:len(good)/2], "its header alone": good[:10], "its magic alone": good[:2],
		"a wrong checksum": bad, "something after it": append(slices.Clone(good), "more"...),
	} {
		file, err := OpenToRead(put(t, data))
		if err == nil {
			err = new(Verifier).Read(name, file)
			_ = file.Close()
		}
		if err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

// TestWhatIsCompressedIsReadInPieces: a small file with much in it takes little memory.
func TestWhatIsCompressedIsReadInPieces(t *testing.T) {
	const size = 64 << 20
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.CopyN(w, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := put(t, buf.Bytes())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got := kinds(found(t, path)); got != "1 torn" {
		t.Errorf("found %s", got)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("%d bytes of memory for %d", took, size)
	}
}

// zeros is a reader of zeros without an end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
