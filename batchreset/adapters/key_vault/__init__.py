"""The refresh token in Azure Key Vault (the optional extra `batchreset[keyvault]`)."""

from batchreset.adapters.key_vault.secret import KeyVaultSecret

__all__ = ["KeyVaultSecret"]
