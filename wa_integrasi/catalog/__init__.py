"""Reports, triggers, chat templates, groups and contacts: what data engineers write as YAML."""
