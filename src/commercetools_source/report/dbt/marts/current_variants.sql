-- Current variants of products, one row each: those inside products, and in the Modular catalog model the resources.
-- A project in migration has both; of a variant that is there in both ways the resource counts.

with embedded as (

    select
        variants.productId as product_id,
        variants.id as variant_id,
        variants.sku,
        true as is_offered,
        false as is_resource
    from {{ source('commercetools', 'product_variants') }} as variants
    where not variants.staged

),

{% if var("modular") %}
resources as (

    select
        variants.product_id,
        variants.variantId as variant_id,
        variant_data.sku,
        variants.published as is_offered,
        true as is_resource
    from {{ source('commercetools', 'variants') }} as variants
    join {{ source('commercetools', 'variant_data') }} as variant_data
        on variant_data.variantId = variants.id and not variant_data.staged

),

{% endif %}
variants as (

    select *
    from embedded
    {% if var("modular") %}
    anti join resources using (product_id, variant_id)

    union all by name

    select *
    from resources
    {% endif %}

)

select
    variants.product_id,
    variants.variant_id,
    variants.sku,
    products.key as product_key,
    coalesce(data.name['{{ var("language") }}'], map_values(data.name)[1]) as product_name,
    products.productType_id as product_type_id,
    -- Embedded is the platform's default; a variant that is a resource has no price of its own.
    coalesce(products.priceMode, case when variants.is_resource then 'Standalone' else 'Embedded' end) as price_mode,
    -- A variant that is a resource is published by itself, too.
    products.masterData_published and variants.is_offered as is_published,
    variants.is_resource
from variants
join {{ source('commercetools', 'products') }} as products on products.id = variants.product_id
join {{ source('commercetools', 'product_data') }} as data
    on data.productId = variants.product_id and not data.staged
