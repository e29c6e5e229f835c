{{- define "tenantgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tenantgate.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "tenantgate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tenantgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tenantgate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "tenantgate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tenantgate.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "tenantgate.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "tenantgate.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "tenantgate.batchSecret" -}}
{{- default (printf "%s-batch-key" (include "tenantgate.fullname" .)) .Values.batchKey.existingSecret }}
{{- end }}

{{- define "tenantgate.hasBatchKey" -}}
{{- if or .Values.batchKey.create .Values.batchKey.existingSecret }}true{{ end }}
{{- end }}

{{- define "tenantgate.policiesConfigMap" -}}
{{- if .Values.policies.existingConfigMap }}
{{- .Values.policies.existingConfigMap }}
{{- else if .Values.policies.files }}
{{- printf "%s-policies" (include "tenantgate.fullname" .) }}
{{- end }}
{{- end }}

{{/* The engine's URL, or the first of several, taken apart. */}}
{{- define "tenantgate.engineUrl" -}}
{{- $engine := default dict .Values.config.engine }}
{{- $url := $engine.url }}
{{- with $engine.urls }}{{ $url = first . }}{{ end }}
{{- required "config.engine.url is needed, as http://camunda:8080/engine-rest" $url }}
{{- end }}

{{/* The ports of all its addresses, as egress rules have them. */}}
{{- define "tenantgate.enginePorts" -}}
{{- $ports := list }}
{{- range default (list (include "tenantgate.engineUrl" .)) .Values.config.engine.urls }}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- $ports = append $ports (default (ternary "443" "80" (eq $url.scheme "https")) $port) }}
{{- end }}
{{- $rules := list }}
{{- range uniq $ports }}{{ $rules = append $rules (printf "{ port: %s, protocol: TCP }" .) }}{{ end }}
{{- join ", " $rules }}
{{- end }}

{{- define "tenantgate.path" -}}
{{- (urlParse (include "tenantgate.engineUrl" .)).path | trimSuffix "/" }}
{{- end }}

{{/* What the public port speaks, and is called. */}}
{{- define "tenantgate.scheme" -}}
{{- if or .Values.tls.existingSecret (default dict .Values.config.tls).certificate_file }}https{{ else }}http{{ end }}
{{- end }}

{{/* The configuration file: what the values say, and what the chart knows better. */}}
{{- define "tenantgate.config" -}}
{{- $config := deepCopy .Values.config }}
{{- range list "listen" "admin_listen" }}
{{- if hasKey $config . }}{{ fail (printf "config.%s is set by the chart: leave it out" .) }}{{ end }}
{{- end }}
{{- $_ := include "tenantgate.engineUrl" . }}
{{- if not $config.issuers }}{{ fail "config.issuers is needed: whose tokens are taken, for which audiences" }}{{ end }}
{{- $_ := set $config "listen" "0.0.0.0:8080" }}
{{- $_ := set $config "admin_listen" "0.0.0.0:9090" }}
{{- if include "tenantgate.hasBatchKey" . }}
{{- $files := list }}
{{- range .Values.batchKey.keys }}{{ $files = append $files (printf "/etc/tenantgate/batch-keys/%s" .) }}{{ end }}
{{- $_ := set $config "tenancy" (set (default dict $config.tenancy) "batch_key_files" $files) }}
{{- end }}
{{- if .Values.engineAuth.existingSecret }}
{{- $username := required "engineAuth.username is needed beside its secret" .Values.engineAuth.username }}
{{- $_ := set $config.engine "basic_auth" (dict "username" $username "password_file" (printf "/etc/tenantgate/engine-auth/%s" .Values.engineAuth.passwordKey)) }}
{{- end }}
{{- with .Values.engineCertificate }}{{ if .existingSecret }}
{{- if not (regexMatch "(?i)(^| )https://" (join " " (default (list $config.engine.url) $config.engine.urls))) }}
{{- fail "engineCertificate would never be presented: config.engine.url does not begin with https://" }}
{{- end }}
{{- $_ := set $config.engine "client_certificate_file" (printf "/etc/tenantgate/engine-certificate/%s" .keys.certificate) }}
{{- $_ := set $config.engine "client_key_file" (printf "/etc/tenantgate/engine-certificate/%s" .keys.privateKey) }}
{{- end }}{{ end }}
{{- with .Values.tls }}{{ if .existingSecret }}
{{- $tls := default dict $config.tls }}
{{- $_ := set $tls "certificate_file" (printf "/etc/tenantgate/tls/%s" .keys.certificate) }}
{{- $_ := set $tls "key_file" (printf "/etc/tenantgate/tls/%s" .keys.privateKey) }}
{{- if .keys.clientCa }}{{ $_ := set $tls "client_ca_file" (printf "/etc/tenantgate/tls/%s" .keys.clientCa) }}{{ end }}
{{- $_ := set $config "tls" $tls }}
{{- end }}{{ end }}
{{- with .Values.ca.engine }}{{ if or .configMap .secret }}
{{- $_ := set $config.engine "ca_file" (printf "/etc/tenantgate/ca-engine/%s" .key) }}
{{- end }}{{ end }}
{{- with .Values.ca.issuer }}{{ if or .configMap .secret }}
{{- $file := printf "/etc/tenantgate/ca-issuer/%s" .key }}
{{- range $config.issuers }}{{ if not .ca_file }}{{ $_ := set . "ca_file" $file }}{{ end }}{{ end }}
{{- end }}{{ end }}
{{- if include "tenantgate.policiesConfigMap" . }}
{{- $_ := set $config "policies" (dict "directory" "/etc/tenantgate/policies") }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The seconds of a duration as the configuration takes it: 25s, 1m 30s, 1h. */}}
{{- define "tenantgate.seconds" -}}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+ *[a-z]+" . -1 }}
{{- $number := regexFind "[0-9]+" . | int }}
{{- $unit := regexFind "[a-z]+" . }}
{{- if has $unit (list "ms" "msec" "millis" "us" "usec" "ns" "nsec") }}
{{- $sum = add $sum (ternary 1 0 (gt $number 0)) }}
{{- else if hasPrefix "m" $unit }}
{{- $sum = add $sum (mul $number 60) }}
{{- else if hasPrefix "h" $unit }}
{{- $sum = add $sum (mul $number 3600) }}
{{- else }}
{{- $sum = add $sum $number }}
{{- end }}
{{- end }}
{{- $sum }}
{{- end }}

{{/* Refuses values by which the kubelet would kill the gateway while requests still have time to end. */}}
{{- define "tenantgate.checkGracePeriod" -}}
{{- $limits := default dict .Values.config.limits }}
{{- $delay := default "3s" $limits.shutdown_delay }}
{{- $grace := default "25s" $limits.shutdown_grace }}
{{- $needed := add (include "tenantgate.seconds" $delay | int) (include "tenantgate.seconds" $grace | int) }}
{{- if ge $needed (int64 .Values.terminationGracePeriodSeconds) }}
{{- fail (printf "terminationGracePeriodSeconds is %d, but limits.shutdown_delay (%s) and limits.shutdown_grace (%s) take %d seconds together: requests would be killed. Set it to at least %d" (int .Values.terminationGracePeriodSeconds) $delay $grace $needed (add $needed 5)) }}
{{- end }}
{{- end }}
