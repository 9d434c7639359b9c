package test

import (
	"strings"
	"testing"
)

// proxyFiles are the configurations of proxies that docs/deploy.md shows.
var proxyFiles = []string{"deploy/nginx/todod.conf", "deploy/nginx/prefix.conf", "deploy/caddy/Caddyfile", "deploy/caddy/prefix.Caddyfile"}

// TestThePageShowsTheConfigurationsThatAreTested: each is one of its blocks of code, to the letter.
func TestThePageShowsTheConfigurationsThatAreTested(t *testing.T) {
	t.Parallel()
	page := mustRead(t, "docs/deploy.md")
	for _, file := range proxyFiles {
		text := mustRead(t, file)
		nginx, caddy := "\n```nginx\n"+text+"```\n", "\n```\n"+text+"```\n"
		if strings.Count(page, nginx)+strings.Count(page, caddy) != 1 {
			t.Errorf("docs/deploy.md has no block of code that is %s", file)
		}
		if !strings.Contains(page, "("+"../"+file+")") {
			t.Errorf("docs/deploy.md doesn't name %s", file)
		}
	}
	_, section, _ := strings.Cut(page, "\n## Behind a proxy\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if blocks := strings.Count(section, "\n```") / 2; blocks != len(proxyFiles) {
		t.Errorf("the section has %d blocks of code, %d of them are tested", blocks, len(proxyFiles))
	}
}
