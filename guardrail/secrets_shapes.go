package guardrail

// knownShapes are the credentials that [Secrets] knows. Sources: the vendors' own documentation where it states the
// format (named beside the entry), else the rules of gitleaks (config/gitleaks.toml), which were derived from real keys.
// Lengths are lower bounds where vendors reserve the right to lengthen their keys.
var knownShapes = indexShapes([]shape{
	// Model vendors.
	{
		kind:       "Anthropic key", // gitleaks anthropic-api-key, anthropic-admin-api-key; sk-ant-oat01 is Claude Code's OAuth token
		prefixes:   []string{"sk-ant-"},
		expression: `sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{32}`,
	},
	{
		kind:       "OpenAI key", // gitleaks openai-api-key, less strict in length; OpenRouter's documentation for sk-or-v1-
		prefixes:   []string{"sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-or-v1-"},
		expression: `sk-(?:proj|svcacct|admin|None|or-v1)-[A-Za-z0-9_-]{40}`,
	},
	{
		kind:       "OpenAI key", // the same without a project, and the vendors that took the form over
		prefixes:   []string{"sk-"},
		expression: `sk-[A-Za-z0-9]{32}`,
		word:       true,
	},
	{
		kind:       "Hugging Face token", // huggingface.co/docs/hub/security-tokens; gitleaks huggingface-access-token
		prefixes:   []string{"hf_", "api_org_"},
		expression: `(?:hf|api_org)_[A-Za-z0-9]{34}`,
		word:       true,
	},
	{
		kind:       "Groq key", // console.groq.com; GitHub's list of secret scanning patterns
		prefixes:   []string{"gsk_"},
		expression: `gsk_[A-Za-z0-9]{48}`,
		word:       true,
	},
	{
		kind:       "xAI key", // docs.x.ai; GitHub's list of secret scanning patterns
		prefixes:   []string{"xai-"},
		expression: `xai-[A-Za-z0-9]{70}`,
		word:       true,
	},
	{
		kind:       "Perplexity key", // gitleaks perplexity-api-key
		prefixes:   []string{"pplx-"},
		expression: `pplx-[A-Za-z0-9]{48}`,
		word:       true,
	},
	{
		kind:       "Replicate token", // replicate.com/docs/reference/http: "r8_" and 37 characters
		prefixes:   []string{"r8_"},
		expression: `r8_[A-Za-z0-9]{37}`,
		word:       true,
	},

	// Clouds.
	{
		kind:       "AWS access key", // docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html, unique ID prefixes
		prefixes:   []string{"AKIA", "ASIA", "ABIA", "ACCA"},
		expression: `A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}\b`,
		word:       true,
	},
	{
		kind: "AWS secret key", // 40 base64 characters, known by the name before them (docs.aws.amazon.com/cli, configuration files)
		prefixes: []string{
			"aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey", "secretAccessKey", "secret_access_key",
		},
		expression: `[A-Za-z_]+[\\"']{0,4}\s{0,8}[:=]\s{0,8}[\\"']{0,4}[A-Za-z0-9/+]{40}(?:[^A-Za-z0-9/+=]|\z)`,
	},
	{
		kind:       "Amazon Bedrock key", // gitleaks aws-amazon-bedrock-api-key-long-lived and -short-lived
		prefixes:   []string{"ABSK", "bedrock-api-key-"},
		expression: `ABSK[A-Za-z0-9+/]{109}|bedrock-api-key-[A-Za-z0-9+/]{28}`,
		word:       true,
	},
	{
		kind:       "Google API key", // cloud.google.com/docs/authentication/api-keys; gitleaks gcp-api-key
		prefixes:   []string{"AIza"},
		expression: `AIza[A-Za-z0-9_-]{35}`,
		word:       true,
	},
	{
		kind:       "Google OAuth token", // developers.google.com/identity/protocols/oauth2: ya29. access tokens, GOCSPX- client secrets
		prefixes:   []string{"ya29.", "GOCSPX-"},
		expression: `(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{28}`,
		word:       true,
	},
	{
		kind:       "Azure key", // learn.microsoft.com/azure/storage/common/storage-configure-connection-string: 64 bytes; Service Bus and others: 32
		prefixes:   []string{"AccountKey=", "SharedAccessKey="},
		expression: `(?:Account|SharedAccess)Key=(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)`,
	},
	{
		kind:       "DigitalOcean token", // docs.digitalocean.com/reference/api: dop_, doo_ and dor_v1_
		prefixes:   []string{"dop_v1_", "doo_v1_", "dor_v1_"},
		expression: `do[opr]_v1_[a-f0-9]{64}`,
	},
	{
		kind:       "Databricks token", // gitleaks databricks-api-token
		prefixes:   []string{"dapi"},
		expression: `dapi[a-f0-9]{32}`,
		word:       true,
	},

	// Code, packages and infrastructure.
	{
		kind:       "GitHub token", // github.blog, "Behind GitHub's new authentication token formats"; docs.github.com, token formats
		prefixes:   []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"},
		expression: `gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{50}`,
	},
	{
		kind:     "GitLab token", // docs.gitlab.com/security/tokens, token prefixes
		prefixes: []string{"glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "gloas-", "glsoat-", "glft-", "glimt-", "glagent-", "glffct-"},
		// A routable token goes on with a dot, after more than 20 characters.
		expression: `gl(?:pat|dt|rt|ptt|cbt|oas|soat|ft|imt|agent|ffct)-[A-Za-z0-9_-]{20}`,
	},
	{
		kind:       "npm token", // docs.npmjs.com/about-access-tokens; gitleaks npm-access-token
		prefixes:   []string{"npm_"},
		expression: `npm_[A-Za-z0-9]{36}`,
		word:       true,
	},
	{
		kind:       "PyPI token", // pypi.org/help/#apitoken: "pypi-" and a macaroon, which starts with its version and location
		prefixes:   []string{"pypi-AgE"},
		expression: `pypi-AgE[A-Za-z0-9_-]{60}`,
	},
	{
		kind:       "RubyGems key", // gitleaks rubygems-api-token
		prefixes:   []string{"rubygems_"},
		expression: `rubygems_[a-f0-9]{48}`,
	},
	{
		kind:       "Docker token", // docs.docker.com/security/access-tokens: dckr_pat_, dckr_oat_
		prefixes:   []string{"dckr_pat_", "dckr_oat_"},
		expression: `dckr_[po]at_[A-Za-z0-9_-]{27}`,
	},
	{
		kind:       "HashiCorp Vault token", // developer.hashicorp.com/vault/docs/concepts/tokens: hvs., hvb., hvr.
		prefixes:   []string{"hvs.", "hvb.", "hvr."},
		expression: `hv[sbr]\.[A-Za-z0-9_-]{24}`,
		word:       true,
	},
	{
		kind:       "Grafana token", // gitleaks grafana-service-account-token, grafana-cloud-api-token
		prefixes:   []string{"glsa_", "glc_"},
		expression: `glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32}`,
		word:       true,
	},
	{
		kind:       "Sentry token", // docs.sentry.io/api/auth; gitleaks sentry-org-token, sentry-user-token
		prefixes:   []string{"sntrys_", "sntryu_"},
		expression: `sntrys_eyJ[A-Za-z0-9+/]{40}|sntryu_[a-f0-9]{64}`,
	},

	// Messages, payment, work.
	{
		kind:     "Slack token", // api.slack.com/authentication/token-types; gitleaks slack-*
		prefixes: []string{"xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.", "xoxo-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xapp-"},
		expression: `xox[abceoprsd]-[A-Za-z0-9%-]{16}|` +
			`xoxe\.xox[bp]-[0-9]-[A-Za-z0-9]{40}|xapp-[0-9]-[A-Z0-9]{6,16}-[0-9]{6,16}-[a-z0-9]{32}`,
	},
	{
		kind:       "Slack webhook", // api.slack.com/messaging/webhooks: the URL is the credential
		prefixes:   []string{"hooks.slack.com/"},
		expression: `hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40}`,
	},
	{
		kind:       "Stripe key", // docs.stripe.com/keys: sk_live_, rk_live_; test keys move no money. Webhook secrets: whsec_
		prefixes:   []string{"sk_live_", "rk_live_", "sk_prod_", "rk_prod_", "whsec_"},
		expression: `[sr]k_(?:live|prod)_[A-Za-z0-9]{10}|whsec_[A-Za-z0-9+/]{32}`,
	},
	{
		kind:       "SendGrid key", // docs.sendgrid.com/ui/account-and-settings/api-keys; gitleaks sendgrid-api-token
		prefixes:   []string{"SG."},
		expression: `SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39}`,
		word:       true,
	},
	{
		kind:       "Twilio key", // www.twilio.com/docs/iam/api-keys: SK and 32 hexadecimal digits
		prefixes:   []string{"SK"},
		expression: `SK[0-9a-f]{32}\b`,
		word:       true,
	},
	{
		kind:       "Shopify token", // shopify.dev, access tokens; gitleaks shopify-*
		prefixes:   []string{"shpat_", "shpca_", "shppa_", "shpss_"},
		expression: `shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}`,
	},
	{
		kind:       "Atlassian token", // gitleaks atlassian-api-token
		prefixes:   []string{"ATATT3"},
		expression: `ATATT3[A-Za-z0-9_=-]{100}`,
	},
	{
		kind:       "Notion token", // developers.notion.com: ntn_; gitleaks notion-api-token
		prefixes:   []string{"ntn_"},
		expression: `ntn_[0-9]{11}[A-Za-z0-9]{35}`,
		word:       true,
	},
	{
		kind:       "Linear key", // gitleaks linear-api-key
		prefixes:   []string{"lin_api_", "lin_oauth_"},
		expression: `lin_(?:api|oauth)_[A-Za-z0-9]{40}`,
	},
	{
		kind:       "Postman key", // gitleaks postman-api-token
		prefixes:   []string{"PMAK-"},
		expression: `PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}`,
	},
	{
		kind:       "1Password token", // developer.1password.com/docs/service-accounts; gitleaks 1password-service-account-token
		prefixes:   []string{"ops_eyJ"},
		expression: `ops_eyJ[A-Za-z0-9+/]{250}`,
	},

	// Formats.
	{
		kind:       "private key", // RFC 7468 sections 10 and 11; RFC 4880 section 6.2; OpenSSH's and OpenSSL's own labels
		prefixes:   []string{"-----BEGIN "},
		expression: `-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----`,
		marker:     true,
	},
	{
		kind:       "private key", // github.com/FiloSottile/age: Bech32 of 32 bytes
		prefixes:   []string{"AGE-SECRET-KEY-1"},
		expression: `AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}`,
	},
	{
		kind:       "JSON Web Token", // RFC 7519: two JSON objects ("{\"" is "eyJ") and a signature, in base64url
		prefixes:   []string{"eyJ"},
		expression: `eyJ[A-Za-z0-9_-]{10,200}\.eyJ[A-Za-z0-9_-]{10}`,
		word:       true,
	},
})
