{{- define "aweigh.labels" -}}
app.kubernetes.io/name: aweigh
app.kubernetes.io/component: controllers
app.kubernetes.io/managed-by: aweigh
{{- end }}
