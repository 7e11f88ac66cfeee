from django.contrib.admin.apps import AdminConfig


class DataAdminConfig(AdminConfig):
    default_site = "config.accounts.admin_site.DataSite"
