{{/* The Corefile, from the server blocks. */}}

{{/* A zone with its scheme and the block's port. Call with a dict: zone, server. */}}
{{- define "muster.key" -}}
{{ default "" .zone.scheme }}{{ default "." .zone.zone }}{{ with .server.port }}:{{ . }}{{ end }}
{{- end -}}

{{- define "muster.corefile" -}}
{{- range $word, $line := .Values.extraConfig }}
{{ $word }}{{ with $line.parameters }} {{ . }}{{ end }}
{{- end }}
{{- range $server := .Values.servers }}
{{ range $index, $zone := default (list dict) .zones }}{{ if $index }} {{ end }}{{ include "muster.key" (dict "zone" $zone "server" $server) }}{{ end }} {
    {{- range .plugins }}
    {{ .name }}{{ with .parameters }} {{ . }}{{ end }}
    {{- with .configBlock }} {
{{ . | trimSuffix "\n" | indent 8 }}
    }
    {{- end }}
    {{- end }}
}
{{- end }}
{{- end -}}
