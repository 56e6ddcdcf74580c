{{/* Names and labels. */}}

{{- define "muster.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What objects are called: the release's name where it says what this is, else the release's and the chart's. */}}
{{- define "muster.fullname" -}}
{{- $name := include "muster.name" . -}}
{{- $release := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $release .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* A k8s-app among the custom labels counts too: selectors and labels must agree. */}}
{{- define "muster.k8sApp" -}}
{{- coalesce .Values.k8sApp .Values.k8sAppLabelOverride (get .Values.customLabels "k8s-app") .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "muster.deploymentName" -}}
{{- default (include "muster.fullname" .) .Values.deployment.name -}}
{{- end -}}

{{- define "muster.configName" -}}
{{- default (include "muster.fullname" .) .Values.configmap.name -}}
{{- end -}}

{{- define "muster.roleName" -}}
{{- default (include "muster.fullname" .) .Values.clusterRole.nameOverride -}}
{{- end -}}

{{- define "muster.accountName" -}}
{{- $made := ternary (include "muster.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $made .Values.serviceAccount.name -}}
{{- end -}}

{{/* What tells this release's Pods from others'. Call with a dict: root, suffix. */}}
{{- define "muster.identity" -}}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/name: {{ include "muster.name" .root }}{{ .suffix }}
{{- if .root.Values.isClusterService }}
k8s-app: {{ include "muster.k8sApp" .root }}{{ .suffix }}
{{- end }}
{{- end -}}

{{/* Labels of an object. Call with a dict: root, suffix, more. A user's label wins over the chart's, but not over the identity. */}}
{{- define "muster.labels" -}}
{{- $root := .root -}}
{{- $labels := dict "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $labels "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_")) -}}
{{- if $root.Values.isClusterService -}}
{{- $_ := set $labels "kubernetes.io/cluster-service" "true" -}}
{{- $_ := set $labels "kubernetes.io/name" "CoreDNS" -}}
{{- end -}}
{{- $identity := include "muster.identity" (dict "root" $root "suffix" (default "" .suffix)) | fromYaml -}}
{{- toYaml (mergeOverwrite $labels (deepCopy (default dict .more)) (deepCopy $root.Values.customLabels) $identity) -}}
{{- end -}}

{{/* name, namespace, labels and annotations of an object. Call with a dict: root, name, suffix, labels, annotations, cluster. */}}
{{- define "muster.metadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
labels:
  {{- include "muster.labels" (dict "root" .root "suffix" .suffix "more" .labels) | nindent 2 }}
{{- with mergeOverwrite (deepCopy .root.Values.customAnnotations) (deepCopy (default dict .annotations)) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
