package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// manifests are what deploy/kubernetes makes, decoded.
type manifests struct {
	deployment appsv1.Deployment
	service    corev1.Service
	account    corev1.ServiceAccount
	config     corev1.ConfigMap
	gateway    gatewayv1.Gateway
	route      gatewayv1.HTTPRoute
	network    networkingv1.NetworkPolicy
	disruption policyv1.PodDisruptionBudget
}

// checkKubernetes returns what is wrong with deploy/kubernetes: Kustomize can't build it, a manifest has a field that
// its kind has not, a resource of Gateway API breaks its schema, the parts don't fit together, or the pod breaks the
// restricted Pod Security Standard.
func checkKubernetes(ctx context.Context, root string) []error {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).
		Run(filesys.MakeFsOnDisk(), filepath.Join(root, "deploy", "kubernetes"))
	if err != nil {
		return []error{fmt.Errorf("deploy/kubernetes: %w", err)}
	}
	var m manifests
	missing := map[string]any{
		"Deployment": &m.deployment, "Service": &m.service, "ServiceAccount": &m.account, "ConfigMap": &m.config,
		"Gateway": &m.gateway, "HTTPRoute": &m.route, "NetworkPolicy": &m.network, "PodDisruptionBudget": &m.disruption,
	}
	schemas, err := gatewaySchemas(ctx)
	if err != nil {
		return []error{err}
	}
	var faults []error
	for _, resource := range built.Resources() {
		text, err := resource.MarshalJSON()
		if err != nil {
			return []error{fmt.Errorf("deploy/kubernetes: %w", err)}
		}
		kind := resource.GetKind()
		into, ok := missing[kind]
		if !ok {
			faults = append(faults, fmt.Errorf("deploy/kubernetes: %s: nothing checks a second one, or this kind", kind))
			continue
		}
		delete(missing, kind)
		unknown, err := json.UnmarshalStrict(text, into) // as the API server does it, minding upper and lower case
		if err := errors.Join(append(unknown, err)...); err != nil {
			faults = append(faults, fmt.Errorf("deploy/kubernetes: %s: %w", kind, err))
		}
		if s, ok := schemas[kind]; ok {
			for _, err := range s.check(ctx, text) {
				faults = append(faults, fmt.Errorf("deploy/kubernetes: %s: %w", kind, err))
			}
		}
	}
	for kind := range maps.Keys(missing) {
		faults = append(faults, fmt.Errorf("deploy/kubernetes: there is no %s", kind))
	}
	if len(faults) > 0 {
		return faults
	}
	return append(m.fit(), m.restricted()...)
}

// fit returns what of the manifests doesn't refer to one another as it should.
func (m *manifests) fit() []error {
	pod := m.deployment.Spec.Template
	ports := map[string]bool{}
	var configs []string
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			ports[p.Name] = true
		}
		for _, e := range c.EnvFrom {
			configs = append(configs, e.ConfigMapRef.Name)
		}
	}
	selects := func(s *metav1.LabelSelector) bool {
		selector, err := metav1.LabelSelectorAsSelector(s)
		return err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels))
	}
	reached := len(m.service.Spec.Ports) > 0
	for _, p := range m.service.Spec.Ports {
		reached = reached && ports[p.TargetPort.StrVal]
	}
	let := len(m.network.Spec.Ingress) > 0
	for _, rule := range m.network.Spec.Ingress {
		for _, p := range rule.Ports {
			let = let && ports[p.Port.StrVal]
		}
	}
	var faults []error
	for what, ok := range map[string]bool{
		"the Deployment selects its pods":                 selects(m.deployment.Spec.Selector),
		"the PodDisruptionBudget selects the pods":        selects(m.disruption.Spec.Selector),
		"the NetworkPolicy selects the pods":              selects(&m.network.Spec.PodSelector),
		"the Service selects the pods":                    selects(&metav1.LabelSelector{MatchLabels: m.service.Spec.Selector}),
		"the Service leads to ports of the pods":          reached,
		"the NetworkPolicy names ports of the pods":       let,
		"the pods have the ServiceAccount":                pod.Spec.ServiceAccountName == m.account.Name,
		"the pods read the ConfigMap that is generated":   len(configs) == 1 && configs[0] == m.config.Name,
		"the HTTPRoute leads to a port of the Service":    m.leadsToService(),
		"the HTTPRoute belongs to the Gateway":            m.attached(),
		"the Gateway ends TLS with a certificate":         m.endsTLS(),
		"the HTTPRoute lets streams last":                 m.letsStreamsLast(),
		"more replicas run than may be missing at a time": *m.deployment.Spec.Replicas > m.disruption.Spec.MinAvailable.IntVal,
	} {
		if !ok {
			faults = append(faults, fmt.Errorf("deploy/kubernetes: it is not so that %s", what))
		}
	}
	return faults
}

// leadsToService reports whether every rule of the route leads to a port that the service has, and nowhere else.
func (m *manifests) leadsToService() bool {
	for _, rule := range m.route.Spec.Rules {
		for _, to := range rule.BackendRefs {
			has := func(p corev1.ServicePort) bool { return to.Port != nil && p.Port == *to.Port }
			if string(to.Name) != m.service.Name || !slices.ContainsFunc(m.service.Spec.Ports, has) {
				return false
			}
		}
		if len(rule.BackendRefs) == 0 {
			return false
		}
	}
	return len(m.route.Spec.Rules) > 0
}

// attached reports whether the route belongs to the gateway alone, by all of its listeners, each of which has a host of the
// route's.
func (m *manifests) attached() bool {
	parents := m.route.Spec.ParentRefs
	for _, l := range m.gateway.Spec.Listeners {
		if l.Hostname == nil || !slices.Contains(m.route.Spec.Hostnames, *l.Hostname) {
			return false
		}
	}
	return len(parents) == 1 && string(parents[0].Name) == m.gateway.Name && parents[0].SectionName == nil
}

// endsTLS reports whether there are a listener for HTTPS with a certificate, and none for HTTPS without.
func (m *manifests) endsTLS() bool {
	found := false
	for _, l := range m.gateway.Spec.Listeners {
		if l.Protocol == gatewayv1.HTTPSProtocolType {
			found = true
			if l.TLS == nil || len(l.TLS.CertificateRefs) == 0 {
				return false
			}
		}
	}
	return found
}

// letsStreamsLast reports whether every rule of the route says that neither a request nor one to a replica ends after a
// fixed time: what a gateway does without a word is its own affair.
func (m *manifests) letsStreamsLast() bool {
	for _, rule := range m.route.Spec.Rules {
		t := rule.Timeouts
		if t == nil || t.Request == nil || *t.Request != "0s" || t.BackendRequest == nil || *t.BackendRequest != "0s" {
			return false
		}
	}
	return true
}

// restricted returns what the pods have that the restricted Pod Security Standard forbids.
func (m *manifests) restricted() []error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return []error{err}
	}
	pod := m.deployment.Spec.Template
	results := evaluator.EvaluatePod(podsecurity.LevelVersion{
		Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion(),
	}, &pod.ObjectMeta, &pod.Spec)
	if sum := policy.AggregateCheckResults(results); !sum.Allowed {
		return []error{fmt.Errorf("deploy/kubernetes: Pod Security Standard: %s: %s", sum.ForbiddenReason(), sum.ForbiddenDetail())}
	}
	return nil
}
