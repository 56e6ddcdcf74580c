{{/* Ports, from the server blocks. */}}

{{/*
The ports that the blocks listen on, as JSON: port to {udp, tcp, service, nodePort, hostPort}. A zone of dns:// is UDP, and TCP with
use_tcp; other schemes are TCP; a block without zones is both.
*/}}
{{- define "muster.ports" -}}
{{- $ports := dict -}}
{{- range .Values.servers -}}
  {{- $schemes := list -}}
  {{- range .zones }}{{ $schemes = append $schemes (default "dns://" .scheme) }}{{ end -}}
  {{- $usual := 53 -}}
  {{- if $schemes }}{{ $usual = get (dict "tls://" 853 "quic://" 853 "https://" 443 "https3://" 443 "grpc://" 443) (first $schemes) | default 53 }}{{ end -}}
  {{- $number := toString (default $usual .port) -}}
  {{- $port := default (dict "udp" false "tcp" false) (get $ports $number) -}}
  {{- $_ := set $port "service" (default $number .servicePort) -}}
  {{- range .zones -}}
    {{- if has (default "dns://" .scheme) (list "dns://" "quic://" "https3://") }}{{ $_ := set $port "udp" true }}{{ end -}}
    {{- if has (default "dns://" .scheme) (list "tls://" "https://" "grpc://") }}{{ $_ := set $port "tcp" true }}{{ end -}}
    {{- if .use_tcp }}{{ $_ := set $port "tcp" true }}{{ end -}}
  {{- end -}}
  {{- if not .zones }}{{ $_ := set $port "udp" true }}{{ $_ := set $port "tcp" true }}{{ end -}}
  {{- with .nodePort }}{{ $_ := set $port "nodePort" . }}{{ end -}}
  {{- with .hostPort }}{{ $_ := set $port "hostPort" . }}{{ end -}}
  {{- $_ := set $ports $number $port -}}
{{- end -}}
{{- toJson $ports -}}
{{- end -}}

{{/* The Service's ports. */}}
{{- define "muster.servicePorts" -}}
{{- range $number, $port := include "muster.ports" . | fromJson -}}
{{- range $protocol := list "udp" "tcp" -}}
{{- if get $port $protocol }}
- name: {{ $protocol }}-{{ $number }}
  port: {{ $port.service }}
  protocol: {{ upper $protocol }}
  targetPort: {{ $number }}
  {{- with $port.nodePort }}
  nodePort: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The container's: what it listens on, and where it shows its metrics. */}}
{{- define "muster.containerPorts" -}}
{{- range $number, $port := include "muster.ports" . | fromJson -}}
{{- range $protocol := list "udp" "tcp" -}}
{{- if get $port $protocol }}
- name: {{ $protocol }}-{{ $number }}
  containerPort: {{ $number }}
  protocol: {{ upper $protocol }}
  {{- with $port.hostPort }}
  hostPort: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range include "muster.metricsPorts" . | fromJsonArray }}
- name: tcp-{{ . }}
  containerPort: {{ . }}
  protocol: TCP
{{- end -}}
{{- end -}}

{{/* The ports of the plugin prometheus in any block, as JSON. */}}
{{- define "muster.metricsPorts" -}}
{{- $ports := list -}}
{{- range .Values.servers -}}
{{- range .plugins -}}
{{- if eq .name "prometheus" }}{{ $ports = append $ports (regexFind "[0-9]*$" (toString (default ":9153" .parameters)) | int) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toJson (uniq $ports) -}}
{{- end -}}

{{/* The port of a plugin that listens by itself. Call with a dict: root, plugin, usual. */}}
{{- define "muster.pluginPort" -}}
{{- $found := .usual -}}
{{- $plugin := .plugin -}}
{{- range .root.Values.servers -}}
{{- range .plugins -}}
{{- if and (eq .name $plugin) .parameters }}{{ $found = regexFind "[0-9]*$" (toString .parameters) | int }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}
