{{- define "web-app.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/component: web
{{- end }}

{{- define "web-app.labels" -}}
{{ include "web-app.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
