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
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/opencontainers/go-digest"
)

// checkDockerfile returns what BuildKit's linter says of the Dockerfile: it fails to convert, or breaks a rule, and what
// labels its image lacks.
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
	return append(faults, checkLabels(ctx, text)...)
}

// labelPrefix is what OpenContainers' own labels begin with.
const labelPrefix = "org.opencontainers.image."

// checkLabels returns which labels of OpenContainers the image of a Dockerfile is without, or has others of than it was
// told: every image says what it is, and of which commit and from when, if whoever builds it says so.
func checkLabels(ctx context.Context, text []byte) []error {
	told := map[string]string{"REVISION": "0123456", "CREATED": "2026-12-01T00:00:00Z", "SOURCE": "https://git.example.com/todod"}
	built, err := dockerfile2llb.Dockerfile2LLB(ctx, text, dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{BuildArgs: told}, MetaResolver: offline{},
	})
	if err != nil {
		return []error{fmt.Errorf("Dockerfile: %w", err)}
	}
	labels := built.Image.Config.Labels
	var faults []error
	for _, name := range []string{"title", "description", "licenses", "version"} {
		if labels[labelPrefix+name] == "" {
			faults = append(faults, fmt.Errorf("Dockerfile: the image has no label %s%s", labelPrefix, name))
		}
	}
	for arg, value := range told {
		if got := labels[labelPrefix+strings.ToLower(arg)]; got != value {
			faults = append(faults, fmt.Errorf("Dockerfile: with %s=%s the image has the label %s%s=%s", arg, value, labelPrefix, strings.ToLower(arg), got))
		}
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
