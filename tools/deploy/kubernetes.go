package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
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
	ingress    networkingv1.Ingress
	network    networkingv1.NetworkPolicy
	disruption policyv1.PodDisruptionBudget
}

// checkKubernetes returns what is wrong with deploy/kubernetes: Kustomize can't build it, a manifest has a field that
// its kind has not, the parts don't fit together, or the pod breaks the restricted Pod Security Standard.
func checkKubernetes(_ context.Context, root string) []error {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).
		Run(filesys.MakeFsOnDisk(), filepath.Join(root, "deploy", "kubernetes"))
	if err != nil {
		return []error{fmt.Errorf("deploy/kubernetes: %w", err)}
	}
	var m manifests
	missing := map[string]any{
		"Deployment": &m.deployment, "Service": &m.service, "ServiceAccount": &m.account, "ConfigMap": &m.config,
		"Ingress": &m.ingress, "NetworkPolicy": &m.network, "PodDisruptionBudget": &m.disruption,
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
		"the Ingress leads to the Service":                leadsTo(m.ingress, m.service.Name),
		"more replicas run than may be missing at a time": *m.deployment.Spec.Replicas > m.disruption.Spec.MinAvailable.IntVal,
	} {
		if !ok {
			faults = append(faults, fmt.Errorf("deploy/kubernetes: it is not so that %s", what))
		}
	}
	return faults
}

// leadsTo reports whether every path of ingress leads to the service of that name.
func leadsTo(ingress networkingv1.Ingress, service string) bool {
	for _, rule := range ingress.Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			if path.Backend.Service == nil || path.Backend.Service.Name != service {
				return false
			}
		}
	}
	return len(ingress.Spec.Rules) > 0
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
