{{/* The Pods, of the Deployment and of the DaemonSet alike. */}}

{{/* Call with a dict: root, probe (livenessProbe or readinessProbe), path, plugin, usual. */}}
{{- define "muster.probe" -}}
{{- with get .root.Values .probe -}}
{{- if .enabled }}
{{ $.probe }}:
  httpGet:
    path: {{ $.path }}
    port: {{ include "muster.pluginPort" $ }}
    scheme: HTTP
  {{- toYaml (omit . "enabled") | nindent 2 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "muster.container" -}}
- name: muster
  image: {{ printf "%s:%s" .Values.image.repository (toString (default .Chart.AppVersion .Values.image.tag)) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: ["-conf", "/etc/coredns/Corefile"]
  {{- with .Values.env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    {{- include "muster.containerPorts" . | trim | nindent 4 }}
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "muster.probe" (dict "root" . "probe" "livenessProbe" "path" "/health" "plugin" "health" "usual" 8080) }}{{ . | trim | nindent 2 }}{{ end }}
  {{- with include "muster.probe" (dict "root" . "probe" "readinessProbe" "path" "/ready" "plugin" "ready" "usual" 8181) }}{{ . | trim | nindent 2 }}{{ end }}
  {{- with .Values.preStopSleep }}
  lifecycle:
    preStop:
      sleep:
        seconds: {{ int . }}
  {{- end }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - name: config-volume
      mountPath: /etc/coredns
      readOnly: true
    {{- range .Values.extraSecrets }}
    - name: {{ .name }}
      mountPath: {{ .mountPath }}
      readOnly: true
    {{- end }}
    {{- with .Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "muster.volumes" -}}
- name: config-volume
  configMap:
    name: {{ include "muster.configName" . }}
    items:
      - key: Corefile
        path: Corefile
      {{- range .Values.zoneFiles }}
      - key: {{ .filename }}
        path: {{ .filename }}
      {{- end }}
{{- range .Values.extraSecrets }}
- name: {{ .name }}
  secret:
    secretName: {{ .name }}
    {{- /* The Pod is not root: the files must be readable for others. */}}
    defaultMode: {{ default 0444 .defaultMode | int }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What may be set of a Pod in one word each. */}}
{{- define "muster.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "muster.dns" -}}
{{- $config := default .Values.dnsConfig .Values.deployment.dnsConfig -}}
dnsPolicy: {{ ternary "None" .Values.deployment.dnsPolicy (not (empty $config)) }}
{{- with $config }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "muster.pod" -}}
metadata:
  labels:
    {{- $identity := include "muster.identity" (dict "root" . "suffix" "") | fromYaml }}
    {{- toYaml (mergeOverwrite (deepCopy .Values.customLabels) (deepCopy .Values.podLabels) $identity) | nindent 4 }}
  annotations:
    {{- if not .Values.deployment.skipConfig }}
    checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "muster.accountName" . }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- include "muster.dns" . | nindent 2 }}
  {{- with include "muster.placement" . | trim }}{{ . | nindent 2 }}{{ end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.deployment.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    {{- include "muster.container" . | nindent 4 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "muster.volumes" . | nindent 4 }}
{{- end -}}
