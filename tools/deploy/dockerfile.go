package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

// checkDockerfile returns what BuildKit's linter says of the Dockerfile: it fails to convert, or breaks a rule.
func checkDockerfile(ctx context.Context, root string) []error {
	text, err := fs.ReadFile(os.DirFS(root), "Dockerfile")
	if err != nil {
		return []error{err}
	}
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", text)
	source.Definition = new(llb.Definition)
	results, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{SourceMap: source, MetaResolver: offline{}})
	if err != nil {
		return []error{fmt.Errorf("Dockerfile: %w", err)}
	}
	var faults []error
	if results.Error != nil {
		faults = append(faults, fmt.Errorf("Dockerfile: %s", results.Error.Message))
	}
	for _, w := range results.Warnings {
		line := int32(0)
		if ranges := w.Location.GetRanges(); len(ranges) > 0 {
			line = ranges[0].GetStart().GetLine()
		}
		faults = append(faults, fmt.Errorf("Dockerfile:%d: %s: %s", line, w.RuleName, w.Detail))
	}
	return faults
}

// offline stands in for a registry: every image is an empty one for this platform. What a linter says of a Dockerfile
// doesn't depend on what is in its images.
type offline struct{}

// ResolveImageConfig implements llb.ImageMetaResolver. An image without a tag is an error: which one it is changes, and
// it may be a stage whose name is misspelt.
func (offline) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if strings.HasSuffix(ref, ":latest") {
		return "", "", nil, fmt.Errorf("%s is no stage, and an image without a version", ref)
	}
	config := []byte(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}`)
	return ref, digest.FromBytes(config), config, nil
}
